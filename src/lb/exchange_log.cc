#include "lb/exchange_log.h"

#include <algorithm>
#include <charconv>
#include <concepts>

#include "base/text.h"

namespace vpclab::lb {

namespace {

// A number of 64 bits and its sign.
constexpr std::size_t kNumberBytes = 21;
// What every line has besides its texts: its literals, and 16 numbers.
constexpr std::size_t kFixedBytes = 16 * kNumberBytes + 128;

// Writes into room that is there from the beginning, because this is done for every request: to ask before each of
// forty pieces whether it fits takes longer than to write them.
class Line {
 public:
  explicit Line(char* at) : at_(at) {}
  Line& operator<<(std::string_view text) {
    at_ = std::copy(text.begin(), text.end(), at_);
    return *this;
  }
  Line& operator<<(char c) {
    *at_++ = c;
    return *this;
  }
  // The number, and a character behind it if one is given.
  template <std::integral Number>
  Line& put(Number number, char behind = '\0') {
    at_ = std::to_chars(at_, at_ + kNumberBytes, number).ptr;
    if (behind != '\0') {
      *at_++ = behind;
    }
    return *this;
  }
  char* end() const { return at_; }

 private:
  char* at_;
};

// Section 8.6: what could be taken for something else is written as its code.
void encoded(Line& line, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 32 || byte > 126 || byte == '"' || byte == '#') {
      line << text.substr(written, i - written) << '#' << kHex[byte >> 4U] << kHex[byte & 15U];
      written = i + 1;
    }
  }
  line << text.substr(written);
}

// Names are ours, and plain but for a mistake somewhere else.
void named(Line& line, std::string_view name) {
  if (base::isPlainAscii(name)) {
    line << name;
  } else {
    encoded(line, name);
  }
}

void begin(Line& line, const ExchangeLog& log) {
  (line << log.client << ':').put(log.clientPort, ' ') << '[' << log.start << "] ";
  named(line, log.frontend);
  line << ' ';
  named(line, log.backend);
  line << '/';
  named(line, log.server.empty() ? "<NOSRV>" : log.server);
  line << ' ';
}

void counts(Line& line, const ExchangeLog& log) {
  line.put(log.processConnections, '/').put(log.frontendConnections, '/').put(log.backendConnections, '/');
  line.put(log.serverConnections, '/') << (log.redispatched ? std::string_view("+") : std::string_view{});
  line.put(log.retries, ' ').put(log.serverQueue, '/').put(log.backendQueue);
}

}  // namespace

std::size_t mostBytes(const ExchangeLog& log) {
  // What is encoded takes three bytes for one.
  return kFixedBytes + log.client.size() + log.start.size() + log.ending.size() +
         3 * (log.frontend.size() + log.backend.size() + log.server.size() + log.method.size() + log.target.size());
}

char* writeHttpLine(const ExchangeLog& log, char* at) {
  Line line(at);
  begin(line, log);
  line.put(log.requestTime, '/').put(log.queueTime, '/').put(log.connectTime, '/').put(log.responseTime, '/');
  line.put(log.totalTime, ' ').put(log.status, ' ').put(log.bytes, ' ')
      << "- - " << log.ending << log.requestCookie << log.responseCookie << ' ';
  counts(line, log);
  line << " \"";
  if (log.method.empty()) {
    line << "<BADREQ>";
  } else {
    encoded(line, log.method);
    line << ' ';
    encoded(line, log.target);
    (line << " HTTP/1.").put(log.minorVersion);
  }
  line << '"';
  return line.end();
}

char* writeTcpLine(const ExchangeLog& log, char* at) {
  Line line(at);
  begin(line, log);
  line.put(log.queueTime, '/').put(log.connectTime, '/').put(log.totalTime, ' ').put(log.bytes, ' ')
      << log.ending << ' ';
  counts(line, log);
  return line.end();
}

}  // namespace vpclab::lb
