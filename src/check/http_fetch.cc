#include "check/http_fetch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/connecting.h"
#include "http/fields.h"

namespace vpclab::check {

namespace {

constexpr int kMaxInterimHeads = 32;
constexpr int kStepsPerAdvance = 16;  // then the deadline and the other connections are looked at
constexpr const char* kNotAsked = "not asked: the time for all requests was over";

std::string systemError(const char* operation, int error) {
  return std::string(operation) + ": " + ::strerror(error);
}

}  // namespace

HttpFetch::HttpFetch(const HttpJob& job, base::UniqueFd socket, std::uint32_t first, std::uint32_t count, TimePoint now,
                     TimePoint lastMoment)
    : job_(job),
      socket_(std::move(socket)),
      first_(first),
      count_(count),
      startedAt_(now),
      lastMoment_(lastMoment),
      deadline_(std::min(now + job.timeout, lastMoment)) {}

bool HttpFetch::step(TimePoint now) {
  if (state_ == State::kStart && now >= deadline_) {
    failRequest(kNotAsked, now);
  }
  advance(now);
  if (state_ != State::kDone && now >= deadline_) {
    const bool cutShort = deadline_ < startedAt_ + job_.timeout;
    failRequest(std::string(connected_ ? "no whole response " : "connect: no connection ") +
                    (cutShort ? "before the time for all requests was over"
                              : "within " + std::to_string(job_.timeout.count()) + " ms"),
                now);
  }
  return state_ == State::kDone;
}

void HttpFetch::advance(TimePoint now) {
  bool progress = true;
  for (int i = 0; progress && i < kStepsPerAdvance; ++i) {
    switch (state_) {
      case State::kStart:
      case State::kConnecting:
        progress = connectStep(now);
        break;
      case State::kSending:
        progress = sendStep(now);
        break;
      case State::kHead:
      case State::kBody:
        progress = receiveStep(now);
        break;
      case State::kDone:
        return;
    }
  }
}

bool HttpFetch::connectStep(TimePoint now) {
  int error = 0;
  if (state_ == State::kStart) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(job_.address.v4HostOrder());
    to.sin_port = htons(job_.port);
    if (::fcntl(socket_.get(), F_SETFL, O_NONBLOCK) != 0 ||
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
      error = errno;
    }
    if (error == EINPROGRESS || error == EINTR) {
      state_ = State::kConnecting;
      return false;
    }
  } else {
    pollfd entry{socket_.get(), POLLOUT, 0};
    if (::poll(&entry, 1, 0) <= 0) {
      return false;
    }
    const auto outcome = base::connectOutcome(socket_.get(), static_cast<unsigned>(entry.revents));
    if (!outcome) {
      return false;
    }
    error = *outcome;
  }
  if (error != 0) {
    failRequest(systemError("connect", error), now);
    return false;
  }
  connected_ = true;
  startRequest(now);
  return true;
}

void HttpFetch::startRequest(TimePoint now) {
  if (job_.connectOnly) {
    finishRequest(now);
    return;
  }
  const auto number = first_ + finished_;
  request_ =
      "GET " + job_.target + " HTTP/1.1\r\nHost: " + job_.hostHeader + "\r\nUser-Agent: vpclab\r\nAccept: */*\r\n";
  if (!job_.requestIdPrefix.empty()) {
    request_ += "X-Request-Id: " + job_.requestIdPrefix + "-" + std::to_string(number) + "\r\n";
  }
  request_ += "\r\n";
  sent_ = 0;
  parser_.reset();
  body_.clear();
  status_ = 0;
  interimHeads_ = 0;
  state_ = State::kSending;
}

bool HttpFetch::sendStep(TimePoint now) {
  const ssize_t n = ::send(socket_.get(), request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return errno == EINTR;
    }
    failRequest(systemError("send", errno), now);
    return false;
  }
  sent_ += static_cast<std::size_t>(n);
  if (sent_ == request_.size()) {
    state_ = State::kHead;
  }
  return true;
}

bool HttpFetch::receiveStep(TimePoint now) {
  std::array<char, 16384> bytes{};
  const ssize_t n = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return errno == EINTR;
    }
    failRequest(systemError("receive", errno), now);
    return false;
  }
  buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  parse(now, n == 0);
  return true;
}

// Heads before 200 (RFC 9110 section 15.2) are read and dropped. Returns whether there is a final head; on a bad one
// the request has failed.
bool HttpFetch::takeHead() {
  for (;;) {
    const auto outcome = parser_.parse(buffer_, head_);
    if (outcome == http::HeadParser::Outcome::kMore) {
      return false;
    }
    if (outcome == http::HeadParser::Outcome::kBad) {
      failRequest(std::string("bad response: ") + parser_.problem().reason, base::Clock::now());
      return false;
    }
    if (head_.status == 101) {
      failRequest("bad response: 101 to a request that asked for no upgrade", base::Clock::now());
      return false;
    }
    if (head_.status >= 200) {
      break;
    }
    if (++interimHeads_ > kMaxInterimHeads) {
      failRequest("bad response: more than " + std::to_string(kMaxInterimHeads) + " heads before the final one",
                  base::Clock::now());
      return false;
    }
    buffer_.erase(0, parser_.consumed());
    parser_.reset();
  }
  const auto framing = http::framingOf(head_, "GET");
  if (!framing) {
    failRequest(std::string("bad response: ") + framing.error().reason, base::Clock::now());
    return false;
  }
  framing_ = *framing;
  status_ = head_.status;
  mustClose_ = framing_.kind == http::BodyKind::kUntilClose || !http::keepsAlive(head_);
  buffer_.erase(0, parser_.consumed());  // the head's views end here
  chunks_.reset();
  state_ = State::kBody;
  return true;
}

// Returns whether the body is whole; on a bad one the request has failed.
bool HttpFetch::takeBody(bool closed) {
  bool whole = false;
  if (framing_.kind == http::BodyKind::kNone) {
    whole = true;
  } else if (framing_.kind == http::BodyKind::kChunked) {
    while (!whole) {
      const auto chunk = chunks_.next(buffer_);
      body_ += chunk.data;
      buffer_.erase(0, chunk.consumed);
      if (chunk.outcome == http::ChunkDecoder::Outcome::kBad) {
        failRequest(std::string("bad response: ") + chunks_.problem().reason, base::Clock::now());
        return false;
      }
      if (chunk.outcome == http::ChunkDecoder::Outcome::kMore || body_.size() > bodyLimit(job_)) {
        break;
      }
      whole = chunk.outcome == http::ChunkDecoder::Outcome::kDone;
    }
  } else {
    const std::uint64_t left =
        framing_.kind == http::BodyKind::kLength ? framing_.length - body_.size() : std::uint64_t{SIZE_MAX};
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_.size()));
    body_.append(buffer_, 0, taken);
    buffer_.erase(0, taken);
    whole = framing_.kind == http::BodyKind::kLength ? body_.size() == framing_.length : closed;
  }
  if (body_.size() > bodyLimit(job_)) {
    failRequest("a body of more than " + std::to_string(bodyLimit(job_)) + " bytes", base::Clock::now());
    return false;
  }
  return whole;
}

void HttpFetch::parse(TimePoint now, bool closed) {
  if (state_ == State::kHead) {
    takeHead();
  }
  if (state_ == State::kBody && takeBody(closed)) {
    if (!buffer_.empty()) {
      failRequest("bad response: bytes behind its end", now);
      return;
    }
    finishRequest(now);
    return;
  }
  if (closed && state_ != State::kDone) {
    failRequest(buffer_.empty() && state_ == State::kHead ? "the server closed the connection without a response"
                                                          : "the server closed the connection within its response",
                now);
  }
}

void HttpFetch::finishRequest(TimePoint now) {
  HttpReply reply;
  reply.connected = true;
  reply.status = status_;
  reply.ms = millisecondsBetween(startedAt_, base::Clock::now());
  results_.push_back({std::move(reply), std::move(body_)});
  ++finished_;
  body_.clear();
  startedAt_ = now;
  deadline_ = std::min(now + job_.timeout, lastMoment_);
  if (finished_ == count_) {
    state_ = State::kDone;
    socket_.reset();
  } else if (mustClose_) {
    failRequest("the server ended the connection after " + std::to_string(finished_) + " responses", now);
  } else if (now >= lastMoment_) {
    failRequest(kNotAsked, now);
  } else {
    startRequest(now);
  }
}

void HttpFetch::failRequest(std::string why, TimePoint now) {
  HttpReply reply;
  reply.connected = connected_;
  reply.error = std::move(why);
  reply.ms = std::max(0.0, millisecondsBetween(startedAt_, now));
  if (reply.error.size() > kMaxDetailBytes) {
    reply.error.resize(kMaxDetailBytes);
  }
  for (; finished_ < count_; ++finished_) {
    results_.push_back({reply, ""});
  }
  state_ = State::kDone;
  socket_.reset();
}

std::pair<std::uint32_t, std::vector<Fetched>> HttpFetch::takeResults() {
  const auto before = first_ + finished_ - static_cast<std::uint32_t>(results_.size());
  return {before, std::exchange(results_, {})};
}

void HttpFetch::wishes(std::vector<pollfd>& out) const {
  if (state_ != State::kDone && state_ != State::kStart) {
    const bool writing = state_ == State::kConnecting || state_ == State::kSending;
    out.push_back({socket_.get(), static_cast<short>(writing ? POLLOUT : POLLIN), 0});
  }
}

}  // namespace vpclab::check
