#include "lb/max_forwards.h"

#include <algorithm>

#include "base/text.h"
#include "http/fields.h"

namespace vpclab::lb {

namespace {

constexpr std::uint32_t kMost = 1'000'000;  // the RFC lets a recipient pass on no more than it supports

bool isNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

MaxForwards maxForwardsOf(const http::RequestHead& head) {
  MaxForwards out;
  if (head.method != "TRACE" && head.method != "OPTIONS") {
    return out;
  }
  for (const auto& field : head.fields) {
    if (field.kind == http::FieldKind::kMaxForwards) {
      out.valid = !out.given && isNumber(field.value);
      out.given = true;
      out.left = static_cast<std::uint32_t>(base::parseInteger(field.value, 0, kMost).value_or(kMost));
      if (!out.valid) {
        return out;
      }
    }
  }
  return out;
}

}  // namespace vpclab::lb
