#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace vpclab::http {

// The names that mean something to a recipient or forwarder. Each field's is found once, when it is parsed; whoever
// looks for one of them later compares numbers.
enum class FieldKind : std::uint8_t {
  kOther,
  kConnection,
  kContentLength,
  kCookie,
  kExpect,
  kHost,
  kMaxForwards,
  kSetCookie,
  kTransferEncoding,
  kUpgrade,
  kOtherHopByHop,  // TE, Keep-Alive, HTTP2-Settings, Proxy-Authenticate, -Authorization and -Connection
};

FieldKind kindOf(std::string_view fieldName);  // in any case

// A field line. Views into the buffer that was parsed.
struct Field {
  Field() = default;
  Field(std::string_view fieldName, std::string_view fieldValue)
      : name(fieldName), value(fieldValue), kind(kindOf(fieldName)) {}

  std::string_view name;   // as sent; compare with equalsIgnoringCase
  std::string_view value;  // without the whitespace around it
  FieldKind kind = FieldKind::kOther;
};

using Fields = std::vector<Field>;

// What all fields named Connection of a message list: RFC 9110 section 7.6.1.
struct ConnectionOptions {
  bool close = false;
  bool keepAlive = false;
  bool upgrade = false;
  bool others = false;  // fields that are not hop-by-hop anyway; one called Close is among them where `close` is
};

}  // namespace vpclab::http
