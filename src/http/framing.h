#pragma once

#include <cstdint>
#include <string_view>

#include "http/head.h"

namespace vpclab::http {

enum class BodyKind : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

// Where a message's body ends: RFC 9112 section 6.3.
struct Framing {
  BodyKind kind = BodyKind::kNone;
  std::uint64_t length = 0;  // of kLength, in bytes; never 0 there for a request
};

// Anything that two recipients could read differently is refused: Transfer-Encoding together with Content-Length or in
// HTTP/1.0, different Content-Lengths (equal ones count as one), chunked not last or twice. Problems: 400; 501 for a
// coding other than chunked.
Parsed<Framing> framingOf(const RequestHead& head);

// `method` is the request's. Problems: 502.
Parsed<Framing> framingOf(const ResponseHead& head, std::string_view method);

}  // namespace vpclab::http
