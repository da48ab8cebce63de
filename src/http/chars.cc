#include "http/chars.h"

namespace vpclab::http {

namespace {

constexpr bool contains(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

constexpr std::array<std::uint8_t, 256> makeTable() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool visible = i > 0x20 && i < 0x7f;
    std::uint8_t classes = 0;
    if (alnum || (visible && contains("!#$%&'*+-.^_`|~", c))) {
      classes |= kToken;
    }
    if (visible || i >= 0x80 || c == ' ' || c == '\t') {
      classes |= kFieldValue;
    }
    // RFC 3986 allows less, but browsers leave \ ^ ` { | } in a query as they are (WHATWG URL, query percent-encode
    // set). What they always encode is refused.
    if (visible && !contains("\"#<>", c)) {
      classes |= kTarget;
    }
    // unreserved and pct-encoded; ':' and brackets are looked at apart. A reg-name may have sub-delims too, but no host
    // name has them, and peers refuse them: a comma reads as a list to some.
    if (alnum || (visible && contains("-._~%", c))) {
      classes |= kHost;
    }
    table[i] = classes;
  }
  return table;
}

}  // namespace

constinit const std::array<std::uint8_t, 256> kCharClasses = makeTable();

}  // namespace vpclab::http
