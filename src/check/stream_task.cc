#include "check/stream_task.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/connecting.h"
#include "check/random.h"

namespace vpclab::check {

namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr int kChunksAtOnce = 8;  // in each step, so that other tasks have their turn

sockaddr* generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

bool wouldBlock(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

StreamTask::StreamTask(StreamJob job, base::UniqueFd client, base::UniqueFd listener, TimePoint now)
    : job_(job),
      client_(std::move(client)),
      listener_(std::move(listener)),
      buffer_(kChunk),
      deadline_(now + job.deadline) {
  fillRandom(token_.data(), token_.size());
}

bool StreamTask::fail(const std::string& what, int error) {
  reply_.detail = what + (error == 0 ? "" : std::string(": ") + ::strerror(error));
  done_ = true;
  return false;
}

bool StreamTask::start() {
  sockaddr_in to{};
  socklen_t size = sizeof to;
  if (::getsockname(listener_.get(), generic(to), &size) != 0 || to.sin_family != AF_INET) {
    return fail("find the receiver's port", errno);
  }
  to.sin_addr.s_addr = htonl(job_.target.v4HostOrder());
  for (const int fd : {client_.get(), listener_.get()}) {
    if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
      return fail("make a socket non-blocking", errno);
    }
  }
  state_ = State::kConnecting;
  if (::connect(client_.get(), generic(to), sizeof to) != 0 && errno != EINPROGRESS) {
    return fail("connect", errno);
  }
  return true;
}

bool StreamTask::connected() {
  pollfd entry{client_.get(), POLLOUT, 0};
  if (::poll(&entry, 1, 0) <= 0) {
    return false;
  }
  const auto outcome = base::connectOutcome(client_.get(), static_cast<unsigned>(entry.revents));
  if (!outcome) {
    return false;
  }
  if (*outcome != 0) {
    return fail("connect", *outcome);
  }
  if (::send(client_.get(), token_.data(), token_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(token_.size())) {
    return fail("send", errno);
  }
  state_ = State::kMeeting;
  return true;
}

bool StreamTask::meet() {
  if (!accepted_) {
    accepted_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    tokenBytes_ = 0;
    if (!accepted_) {
      return wouldBlock(errno) || errno == ECONNABORTED ? false : fail("accept", errno);
    }
  }
  Token got{};
  const ssize_t n = ::recv(accepted_.get(), got.data(), token_.size() - tokenBytes_, MSG_DONTWAIT);
  if (n < 0 && wouldBlock(errno)) {
    return false;
  }
  if (n <= 0 || std::memcmp(got.data(), token_.data() + tokenBytes_, static_cast<std::size_t>(n)) != 0) {
    accepted_.reset();  // somebody else's; ours comes yet
    return true;
  }
  tokenBytes_ += static_cast<std::size_t>(n);
  if (tokenBytes_ == token_.size()) {
    state_ = State::kFlowing;
  }
  return true;
}

// What has been read is less than that where a lost segment holds back what came behind it, half a second's bytes and
// more, and where this process is slow to read. Both the sender's kernel knows, as late as an acknowledgement takes.
std::uint64_t StreamTask::arrived() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(sender().get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return received_;
  }
  // Selectively acknowledged is counted in segments (RFC 2018; tcp_info in Linux).
  const std::uint64_t known = info.tcpi_bytes_acked + std::uint64_t{info.tcpi_sacked} * info.tcpi_snd_mss;
  return std::max(received_, known);
}

void StreamTask::flow(TimePoint now) {
  for (int i = 0; i < kChunksAtOnce; ++i) {
    const ssize_t n = ::send(sender().get(), buffer_.data(), buffer_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (!wouldBlock(errno)) {
        fail("send", errno);
        return;
      }
      break;
    }
  }
  bool got = false;
  for (int i = 0; i < kChunksAtOnce; ++i) {
    const ssize_t n = ::recv(receiver().get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n <= 0) {
      if (n == 0 || !wouldBlock(errno)) {
        fail("receive", n == 0 ? ECONNRESET : errno);
        return;
      }
      break;
    }
    got = true;
    received_ += static_cast<std::uint64_t>(n);
    firstAt_ = firstAt_.value_or(now);
  }
  if (!firstAt_) {
    return;
  }
  // From one arrival to another: on a slow line a tenth of a second's bytes may come at once, and a time that begins or
  // ends between two arrivals would have one of them too many or too few. Where no more come, the time ends all the
  // same.
  now = base::Clock::now();
  if (got && !warmAt_ && (now >= *firstAt_ + job_.time / 4 || received_ >= kMaxStreamBytes / 4)) {
    warmAt_ = now;
    arrivedWarm_ = arrived();
    return;
  }
  const auto end = *firstAt_ + job_.time;
  if (warmAt_ && now > *warmAt_ &&
      ((got && (now >= end || received_ >= kMaxStreamBytes)) || now >= end + job_.time / 2)) {
    // Where there is no SACK, repeated acknowledgements are counted as if there were, until a timeout.
    reply_.bytes = std::max(arrived(), arrivedWarm_) - arrivedWarm_;
    reply_.ms = millisecondsBetween(*warmAt_, now);
    done_ = true;
  }
}

std::optional<Reply> StreamTask::step(TimePoint now) {
  bool on = true;
  while (on && !done_ && state_ != State::kFlowing) {
    on = state_ == State::kStart ? start() : state_ == State::kConnecting ? connected() : meet();
  }
  if (!done_ && state_ == State::kFlowing) {
    flow(now);
  }
  if (!done_ && now >= deadline_) {
    fail(state_ == State::kFlowing ? "nothing arrives"
                                   : "no connection within " + std::to_string(job_.deadline.count()) + " ms",
         0);
  }
  return done_ ? std::optional<Reply>(reply_) : std::nullopt;
}

void StreamTask::wishes(std::vector<pollfd>& out) const {
  switch (state_) {
    case State::kStart:
      break;
    case State::kConnecting:
      out.push_back({client_.get(), POLLOUT, 0});
      break;
    case State::kMeeting:
      out.push_back({accepted_ ? accepted_.get() : listener_.get(), POLLIN, 0});
      break;
    case State::kFlowing:
      out.push_back({sender().get(), POLLOUT, 0});
      out.push_back({receiver().get(), POLLIN, 0});
      break;
  }
}

TimePoint StreamTask::wakeAt() const {
  return warmAt_ ? std::min(deadline_, *firstAt_ + job_.time + job_.time / 2) : deadline_;
}

}  // namespace vpclab::check
