#include <cstdint>
#include <string_view>

#include "fuzz/require.h"
#include "http/fields.h"
#include "http/framing.h"
#include "http/head.h"

using namespace vpclab;
using Outcome = http::HeadParser::Outcome;
using fuzz::require;

namespace {

// What must hold for any bytes: the result does not depend on how they are cut, an accepted head holds no byte that
// could end a line or a field, and its framing is one thing only.
template <class Head>
void look(std::string_view bytes) {
  http::HeadParser whole;
  Head head;
  const Outcome outcome = whole.parse(bytes, head);
  http::HeadParser pieces;
  Head again;
  Outcome other = Outcome::kMore;
  for (std::size_t size = 0; size <= bytes.size() && other == Outcome::kMore; ++size) {
    other = pieces.parse(bytes.substr(0, size), again);
  }
  require((outcome == Outcome::kDone) == (other == Outcome::kDone));
  if (outcome != Outcome::kDone) {
    return;
  }
  require(whole.consumed() == pieces.consumed() && whole.consumed() <= bytes.size());
  require(head.fields.size() == again.fields.size());
  for (const auto& field : head.fields) {
    require(http::isToken(field.name) && http::allOf(field.value, http::kFieldValue));
  }
  const bool length = http::findField(head.fields, "content-length").has_value();
  const bool coding = http::findField(head.fields, "transfer-encoding").has_value();
  if constexpr (requires { head.method; }) {
    require(!http::framingOf(head) || !(length && coding));
  } else {
    require(!http::framingOf(head, "GET") || !(length && coding));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  look<http::RequestHead>(bytes);
  look<http::ResponseHead>(bytes);
  return 0;
}
