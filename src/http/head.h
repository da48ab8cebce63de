#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/field.h"
#include "http/problem.h"
#include "http/target.h"

namespace vpclab::http {

// What a head may cost. RFC 9112 section 3 recommends at least 8000 bytes for a request line.
struct Limits {
  std::size_t headBytes = 16 * 1024;  // start line, fields and the empty line
  std::size_t fieldCount = 128;
  std::size_t targetBytes = 8 * 1024;
};

// Heads hold views into the parsed buffer and are valid as long as it stays where it is. Parsing into the same object
// again reuses its memory.
struct RequestHead {
  std::string_view method;
  std::string_view target;  // as sent
  Target parts;             // of it
  int minorVersion = 1;     // HTTP/1.minorVersion; 0 or 1 (a higher one counts as 1, RFC 9110 section 2.5)
  Fields fields;
  ConnectionOptions connection;
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int minorVersion = 1;
  Fields fields;
  ConnectionOptions connection;
};

// Finds the end of a head in bytes that arrive piece by piece, and parses it whole. Strict after RFC 9112: lines end
// with CRLF and nothing else, no obs-fold, no whitespace before a colon, no control characters. One object for one
// message; reset() for the next.
class HeadParser {
 public:
  enum class Outcome { kMore, kDone, kBad };

  explicit HeadParser(Limits limits = {}) : limits_(limits) {}

  // `bytes` always starts where the message starts, and grows from call to call (it may move in memory). kDone: `head`
  // is filled in and consumed() bytes belong to it. kBad: problem() says why. Empty lines before a request line are
  // skipped (RFC 9112 section 2.2). A request's Host is checked (RFC 9112 section 3.2), its framing is not: framing.h.
  Outcome parse(std::string_view bytes, RequestHead& head);
  Outcome parse(std::string_view bytes, ResponseHead& head);

  std::size_t consumed() const { return consumed_; }
  const Problem& problem() const { return problem_; }
  void reset();

 private:
  template <class Head>
  Outcome parseAny(std::string_view bytes, Head& head, int tooLargeStatus);
  Outcome bad(Problem problem);

  Limits limits_;
  std::size_t start_ = 0;    // of the start line, behind skipped empty lines
  std::size_t line_ = 0;     // of the line that is not complete yet
  std::size_t scanned_ = 0;  // no line feed between line_ and here
  std::size_t consumed_ = 0;
  std::vector<std::size_t> lineEnds_;  // of the complete lines, start line included: where each one's CRLF is
  Problem problem_;
};

// One line without its CRLF, e.g. of a trailer section.
Parsed<Field> parseFieldLine(std::string_view line);

}  // namespace vpclab::http
