#include "http/fields.h"

#include <algorithm>
#include <array>

namespace vpclab::http {

namespace {

template <std::size_t N>
bool isOneOf(std::string_view name, const std::array<std::string_view, N>& set) {
  return std::any_of(set.begin(), set.end(), [&](std::string_view one) { return equalsIgnoringCase(name, one); });
}

}  // namespace

std::optional<std::string_view> findField(const Fields& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (equalsIgnoringCase(field.name, name)) {
      return field.value;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> findField(const Fields& fields, FieldKind kind) {
  for (const auto& field : fields) {
    if (field.kind == kind) {
      return field.value;
    }
  }
  return std::nullopt;
}

bool listsElement(const Fields& fields, FieldKind kind, std::string_view element) {
  bool found = false;
  for (const auto& field : fields) {
    if (field.kind == kind) {
      forEachElement(field.value, [&](std::string_view one) { found = found || equalsIgnoringCase(one, element); });
    }
  }
  return found;
}

bool isHopByHop(FieldKind kind) {
  return kind == FieldKind::kConnection || kind == FieldKind::kUpgrade || kind == FieldKind::kOtherHopByHop;
}

bool isForbiddenTrailer(std::string_view name) {
  static constexpr std::array<std::string_view, 21> kNames{
      "transfer-encoding", "content-length", "host",       "content-type", "content-encoding", "content-range",
      "trailer",           "cache-control",  "expect",     "max-forwards", "pragma",           "range",
      "authorization",     "cookie",         "set-cookie", "te",           "x-forwarded-for",  "forwarded",
      "x-forwarded-proto", "qc-lbid",        "qc-lbip"};
  return isHopByHop(kindOf(name)) || isOneOf(name, kNames);
}

bool isIdempotent(std::string_view method) {
  // Methods are case-sensitive: RFC 9110 section 9.1.
  static constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace vpclab::http
