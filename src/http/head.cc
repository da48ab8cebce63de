#include "http/head.h"

#include <cstring>

#include "base/text.h"
#include "http/chars.h"
#include "http/fields.h"
#include "http/target.h"

namespace vpclab::http {

namespace {

constexpr std::size_t kMaxSkippedBytes = 4;  // two empty lines before a request
constexpr std::size_t kMaxMethodBytes = 32;

// "HTTP/1.x", RFC 9112 section 2.3. Returns the minor version to use.
Parsed<int> parseVersion(std::string_view text, int unsupportedStatus) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !digit(text[5]) || text[6] != '.' || !digit(text[7])) {
    return refuse(unsupportedStatus == 505 ? 400 : unsupportedStatus, "malformed HTTP version");
  }
  if (text[5] != '1') {
    return refuse(unsupportedStatus, "unsupported HTTP version");
  }
  return text[7] == '0' ? 0 : 1;
}

// RFC 9112 section 3: exactly one space between the three parts.
Parsed<> parseStartLine(std::string_view line, RequestHead& head, const Limits& limits) {
  const auto methodEnd = line.find(' ');
  if (methodEnd == std::string_view::npos || !isToken(line.substr(0, methodEnd))) {
    return refuse(400, "malformed method");
  }
  head.method = line.substr(0, methodEnd);
  if (head.method.size() > kMaxMethodBytes) {
    return refuse(501, "method too long");
  }
  line.remove_prefix(methodEnd + 1);
  const auto targetEnd = line.find(' ');
  if (targetEnd == std::string_view::npos || targetEnd == 0) {
    return refuse(400, "malformed request line");
  }
  head.target = line.substr(0, targetEnd);
  if (head.target.size() > limits.targetBytes) {
    return refuse(414, "request target too long");
  }
  const auto minor = parseVersion(line.substr(targetEnd + 1), 505);
  if (!minor) {
    return tl::make_unexpected(minor.error());
  }
  head.minorVersion = *minor;
  const auto target = parseTarget(head.method, head.target);
  if (!target) {
    return tl::make_unexpected(target.error());
  }
  head.parts = *target;
  return {};
}

// RFC 9112 section 4. The space before an empty reason phrase may be missing, as it is with some servers.
Parsed<> parseStartLine(std::string_view line, ResponseHead& head, const Limits& /*limits*/) {
  const auto versionEnd = line.find(' ');
  const auto minor = parseVersion(line.substr(0, versionEnd), 502);
  if (!minor) {
    return tl::make_unexpected(minor.error());
  }
  head.minorVersion = *minor;
  if (versionEnd == std::string_view::npos) {
    return refuse(502, "malformed status line");
  }
  line.remove_prefix(versionEnd + 1);
  if (line.size() < 3 || (line.size() > 3 && line[3] != ' ')) {
    return refuse(502, "malformed status code");
  }
  head.status = 0;
  for (const char c : line.substr(0, 3)) {
    if (c < '0' || c > '9') {
      return refuse(502, "malformed status code");
    }
    head.status = head.status * 10 + (c - '0');
  }
  if (head.status < 100 || head.status > 599) {
    return refuse(502, "status code out of range");
  }
  head.reason = line.size() > 4 ? line.substr(4) : std::string_view{};
  if (!allOf(head.reason, kFieldValue)) {
    return refuse(502, "control character in the reason phrase");
  }
  return {};
}

// RFC 9112 section 3.2: HTTP/1.1 needs exactly one Host, and nobody may send two or an invalid one.
Parsed<> checkWhole(const RequestHead& head) {
  int hosts = 0;
  for (const auto& field : head.fields) {
    if (field.kind == FieldKind::kHost) {
      if (++hosts > 1) {
        return refuse(400, "more than one Host");
      }
      if (!field.value.empty() && !isAuthority(field.value)) {
        return refuse(400, "malformed Host");
      }
    }
  }
  if (hosts == 0 && head.minorVersion >= 1) {
    return refuse(400, "no Host");
  }
  return {};
}

Parsed<> checkWhole(const ResponseHead& /*head*/) {
  return {};
}

bool mayStartWith(char c, const RequestHead& /*head*/) {
  return isClass(c, kToken);
}
bool mayStartWith(char c, const ResponseHead& /*head*/) {
  return c == 'H';
}

// What is wrong with the line; nullptr: nothing, and `field` is what it says. Written in place: this is done for every
// field of every message.
const char* parseField(std::string_view line, Field& field) {
  if (!line.empty() && (line.front() == ' ' || line.front() == '\t')) {
    return "line folding, or whitespace before the first field";  // RFC 9112 sections 2.2 and 5.2
  }
  std::size_t colon = 0;
  while (colon < line.size() && isClass(line[colon], kToken)) {
    ++colon;
  }
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    return "malformed field name";  // whitespace before the colon too: RFC 9112 section 5.1
  }
  field.name = line.substr(0, colon);
  field.value = trimmed(line.substr(colon + 1));
  if (!base::isPlainAscii(field.value) && !allOf(field.value, kFieldValue)) {
    return "control character in a field value";
  }
  field.kind = kindOf(field.name);
  return nullptr;
}

void addOptions(std::string_view value, ConnectionOptions& out) {
  forEachElement(value, [&out](std::string_view option) {
    out.keepAlive = out.keepAlive || equalsIgnoringCase(option, "keep-alive");
    out.close = out.close || equalsIgnoringCase(option, "close");
    out.upgrade = out.upgrade || equalsIgnoringCase(option, "upgrade");
    out.others = out.others || !isHopByHop(kindOf(option));
  });
}

}  // namespace

Parsed<Field> parseFieldLine(std::string_view line) {
  Field field;
  if (const char* const wrong = parseField(line, field); wrong != nullptr) {
    return refuse(400, wrong);
  }
  return field;
}

void HeadParser::reset() {
  start_ = line_ = scanned_ = consumed_ = 0;
  lineEnds_.clear();
  problem_ = {};
}

HeadParser::Outcome HeadParser::bad(Problem problem) {
  problem_ = problem;
  return Outcome::kBad;
}

HeadParser::Outcome HeadParser::parse(std::string_view bytes, RequestHead& head) {
  while (lineEnds_.empty() && start_ == line_ && start_ < kMaxSkippedBytes && bytes.substr(start_, 2) == "\r\n") {
    start_ = line_ = scanned_ = start_ + 2;
  }
  if (bytes.size() == start_ + 1 && bytes[start_] == '\r' && start_ < kMaxSkippedBytes) {
    return Outcome::kMore;  // half of an empty line
  }
  return parseAny(bytes, head, 431);
}

HeadParser::Outcome HeadParser::parse(std::string_view bytes, ResponseHead& head) {
  return parseAny(bytes, head, 502);
}

template <class Head>
HeadParser::Outcome HeadParser::parseAny(std::string_view bytes, Head& head, int tooLargeStatus) {
  if (bytes.size() > start_ && lineEnds_.empty() && !mayStartWith(bytes[start_], head)) {
    return bad({tooLargeStatus == 431 ? 400 : 502, "this is not HTTP/1"});
  }
  bool complete = false;
  const std::size_t linesBefore = lineEnds_.size();
  while (!complete && scanned_ < bytes.size()) {
    const auto* found = static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
    if (found == nullptr) {
      scanned_ = bytes.size();
      break;
    }
    const auto at = static_cast<std::size_t>(found - bytes.data());
    if (at == line_ || bytes[at - 1] != '\r') {
      return bad({tooLargeStatus == 431 ? 400 : 502, "line feed without carriage return"});
    }
    complete = at == line_ + 1 && !lineEnds_.empty();
    if (!complete) {
      lineEnds_.push_back(at - 1);
    }
    line_ = scanned_ = at + 1;
    if (lineEnds_.size() > limits_.fieldCount + 1) {
      return bad({tooLargeStatus, "too many header fields"});
    }
  }
  if (line_ - start_ > limits_.headBytes || (!complete && bytes.size() - start_ >= limits_.headBytes)) {
    return bad({lineEnds_.empty() && tooLargeStatus == 431 ? 414 : tooLargeStatus, "head too large"});
  }
  if (!complete && (linesBefore > 0 || lineEnds_.empty())) {
    return Outcome::kMore;
  }
  // The start line is checked as soon as it is there; the fields when all of them are.
  std::size_t begin = start_;
  const auto lineTo = [&](std::size_t end) {
    const auto line = bytes.substr(begin, end - begin);
    begin = end + 2;
    return line;
  };
  if (const auto parsed = parseStartLine(lineTo(lineEnds_.front()), head, limits_); !parsed) {
    return bad(parsed.error());
  }
  if (!complete) {
    return Outcome::kMore;
  }
  head.fields.resize(lineEnds_.size() - 1);
  head.connection = {};
  for (std::size_t i = 1; i < lineEnds_.size(); ++i) {
    Field& field = head.fields[i - 1];
    if (const char* const wrong = parseField(lineTo(lineEnds_[i]), field); wrong != nullptr) {
      return bad({tooLargeStatus == 431 ? 400 : 502, wrong});
    }
    if (field.kind == FieldKind::kConnection) {
      addOptions(field.value, head.connection);
    }
  }
  if (const auto checked = checkWhole(head); !checked) {
    return bad(checked.error());
  }
  consumed_ = line_;
  return Outcome::kDone;
}

}  // namespace vpclab::http
