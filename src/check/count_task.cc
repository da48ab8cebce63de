#include "check/count_task.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>

#include "check/random.h"

namespace vpclab::check {

namespace {

constexpr std::chrono::milliseconds kBetweenHellos{50};
constexpr std::chrono::milliseconds kBetweenPackets{1};
constexpr std::chrono::milliseconds kPatience{300};
constexpr int kAtOnce = 64;  // in each step

bool wouldBlock(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS;
}

}  // namespace

// 64 bytes of payload, all of one machine: no byte order.
struct CountTask::Datagram {
  std::array<std::uint8_t, 16> token;
  std::uint32_t phase;
  std::uint32_t number;
  std::array<std::uint8_t, 40> padding;
};

CountTask::CountTask(CountJob job, base::UniqueFd client, base::UniqueFd server, TimePoint now)
    : job_(job),
      client_(std::move(client)),
      server_(std::move(server)),
      deadline_(now + job.deadline),
      nextSend_(now),
      firstHello_(now),
      lastSent_(now),
      patience_(kPatience) {
  fillRandom(token_.data(), token_.size());
}

void CountTask::end(const std::string& detail) {
  reply_.detail = detail;
  done_ = true;
}

bool CountTask::prepare() {
  socklen_t size = sizeof target_;
  if (::getsockname(server_.get(), reinterpret_cast<sockaddr*>(&target_), &size) != 0 ||
      target_.sin_family != AF_INET) {
    end("find the receiver's port: " + std::string(::strerror(errno)));
    return false;
  }
  target_.sin_addr.s_addr = htonl(job_.target.v4HostOrder());
  for (const int fd : {client_.get(), server_.get()}) {
    if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
      end("make a socket non-blocking: " + std::string(::strerror(errno)));
      return false;
    }
  }
  return true;
}

bool CountTask::allSent() const {
  return (phase_ == Phase::kBack ? reply_.back : reply_.there).sent >= job_.packets;
}

void CountTask::send(TimePoint now) {
  for (int i = 0; i < kAtOnce && nextSend_ <= now && (phase_ == Phase::kHello || !allSent()); ++i) {
    Datagram datagram{token_, static_cast<std::uint32_t>(phase_), counted().sent, {}};
    const bool back = phase_ == Phase::kBack;
    const sockaddr_in& to = back ? returnPath_ : target_;
    const ssize_t n = ::sendto((back ? server_ : client_).get(), &datagram, sizeof datagram,
                               MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    if (n < 0 && wouldBlock(errno)) {
      nextSend_ = now + kBetweenPackets;
      return;
    }
    // Refusals say something about the way only once it has worked: before, routes may yet come.
    if (n < 0 && phase_ != Phase::kHello) {
      end("send: " + std::string(::strerror(errno)));
      return;
    }
    reply_.detail = n < 0 ? "send: " + std::string(::strerror(errno)) : "";
    lastSent_ = now;
    nextSend_ += phase_ == Phase::kHello ? kBetweenHellos : kBetweenPackets;
    if (phase_ != Phase::kHello) {
      ++counted().sent;
    }
  }
}

void CountTask::take(const Datagram& datagram, const sockaddr_in& from, bool atServer, TimePoint now) {
  if (datagram.token != token_) {
    return;
  }
  if (atServer && phase_ == Phase::kHello && datagram.phase == static_cast<std::uint32_t>(Phase::kHello)) {
    returnPath_ = from;
    // As long as it took that one to arrive, at most; twice, for others may take longer.
    patience_ = kPatience + 2 * std::chrono::ceil<base::Milliseconds>(now - firstHello_);
    phase_ = Phase::kThere;
    seen_.assign(job_.packets, false);
    nextSend_ = now;
    return;
  }
  const bool expected = datagram.phase == static_cast<std::uint32_t>(phase_) && atServer == (phase_ == Phase::kThere) &&
                        phase_ != Phase::kHello;
  if (expected && datagram.number < counted().sent && !seen_[datagram.number]) {
    seen_[datagram.number] = true;
    ++counted().received;
  }
}

void CountTask::receive(TimePoint now) {
  for (const bool atServer : {true, false}) {
    for (int i = 0; i < 4 * kAtOnce; ++i) {
      Datagram datagram{};
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t n = ::recvfrom((atServer ? server_ : client_).get(), &datagram, sizeof datagram,
                                   MSG_DONTWAIT | MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) {
        break;  // EAGAIN, or an ICMP error to an earlier packet, which was read by this
      }
      if (n == sizeof datagram) {
        take(datagram, from, atServer, now);
      }
    }
  }
}

void CountTask::turn(TimePoint now) {
  if (phase_ == Phase::kHello || !allSent()) {
    return;
  }
  if (counted().received < job_.packets && now < lastSent_ + patience_) {
    return;
  }
  if (phase_ == Phase::kBack) {
    end("");
    return;
  }
  phase_ = Phase::kBack;
  seen_.assign(job_.packets, false);
  nextSend_ = now;
}

std::optional<Reply> CountTask::step(TimePoint now) {
  if (!prepared_ && !done_) {
    prepared_ = prepare();
  }
  if (!done_) {
    receive(now);
    turn(now);
  }
  if (!done_) {
    send(now);
  }
  if (!done_ && now >= deadline_) {
    end(phase_ == Phase::kHello ? CountReply::kNothingArrives + (reply_.detail.empty() ? "" : "; " + reply_.detail)
                                : "the time was over before all packets were sent and waited for");
  }
  return done_ ? std::optional<Reply>(reply_) : std::nullopt;
}

void CountTask::wishes(std::vector<pollfd>& out) const {
  out.push_back({client_.get(), POLLIN, 0});
  out.push_back({server_.get(), POLLIN, 0});
}

TimePoint CountTask::wakeAt() const {
  const bool sending = phase_ == Phase::kHello || !allSent();
  return std::min(deadline_, sending ? nextSend_ : lastSent_ + patience_);
}

}  // namespace vpclab::check
