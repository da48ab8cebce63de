#include "lb/exchange_log.h"

#include <algorithm>
#include <charconv>
#include <concepts>

#include "lb/log.h"

namespace vpclab::lb {

namespace {

// Room for what every line has besides its texts: its literals, and 16 numbers of 20 digits and a sign.
constexpr std::size_t kFixedBytes = 16 * 21 + 128;

// How long the line may become: what is encoded takes three bytes for one.
std::size_t mostBytes(const ExchangeLog& log) {
  return kFixedBytes + log.client.size() + log.frontend.size() + log.backend.size() + log.server.size() +
         log.ending.size() + 3 * (log.method.size() + log.target.size());
}

// Writes into room that is there from the beginning, because this is done for every request: to ask before each of
// forty pieces whether it fits takes longer than to write them.
class Line {
 public:
  explicit Line(const ExchangeLog& log) : out_(mostBytes(log), '\0'), at_(out_.data()) {}
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
    at_ = std::to_chars(at_, out_.data() + out_.size(), number).ptr;
    if (behind != '\0') {
      *at_++ = behind;
    }
    return *this;
  }
  std::string take() {
    out_.resize(static_cast<std::size_t>(at_ - out_.data()));
    return std::move(out_);
  }

 private:
  std::string out_;
  char* at_;
};

void begin(Line& line, const ExchangeLog& log) {
  const auto time = logTime(log.startMs);
  (line << log.client << ':').put(log.clientPort, ' ')
      << '[' << std::string_view(time.data(), time.size()) << "] " << log.frontend << ' ' << log.backend << '/'
      << (log.server.empty() ? "<NOSRV>" : log.server) << ' ';
}

void counts(Line& line, const ExchangeLog& log) {
  line.put(log.processConnections, '/').put(log.frontendConnections, '/').put(log.backendConnections, '/');
  line.put(log.serverConnections, '/') << (log.redispatched ? std::string_view("+") : std::string_view{});
  line.put(log.retries, ' ').put(log.serverQueue, '/').put(log.backendQueue);
}

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

}  // namespace

std::string httpLogLine(const ExchangeLog& log) {
  Line line(log);
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
  return line.take();
}

std::string tcpLogLine(const ExchangeLog& log) {
  Line line(log);
  begin(line, log);
  line.put(log.queueTime, '/').put(log.connectTime, '/').put(log.totalTime, ' ').put(log.bytes, ' ')
      << log.ending << ' ';
  counts(line, log);
  return line.take();
}

}  // namespace vpclab::lb
