#include "lb/socket.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/connecting.h"

namespace vpclab::lb {

namespace {

constexpr std::uint32_t kEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t fillAddress(SocketAddress& out, const net::IpAddr& address, std::uint16_t port) {
  out = {};
  if (address.isV4()) {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(port);
    std::memcpy(&out.v4.sin_addr, address.bytes(), 4);
    return sizeof(out.v4);
  }
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(port);
  std::memcpy(&out.v6.sin6_addr, address.bytes(), 16);
  return sizeof(out.v6);
}

Endpoint endpointOf(const SocketAddress& address) {
  if (address.any.sa_family == AF_INET) {
    return {*net::IpAddr::fromBytes(&address.v4.sin_addr, 4), ntohs(address.v4.sin_port)};
  }
  if (address.any.sa_family == AF_INET6) {
    return {*net::IpAddr::fromBytes(&address.v6.sin6_addr, 16), ntohs(address.v6.sin6_port)};
  }
  return {};
}

}  // namespace

void Socket::adopt(base::UniqueFd fd, SocketOwner* owner) {
  fd_ = std::move(fd);
  owner_ = owner;
  events_ = kEvents;
  readable_ = writable_ = true;
}

bool Socket::watch() {
  if (auto added = loop_.add(fd_.get(), events_, this); !added) {
    errorNumber_ = added.error().errnoValue();
    return false;
  }
  watched_ = true;
  return true;
}

// Most often there is room; to watch for it from the beginning would give every connection an event for nothing.
void Socket::awaitRoom() {
  writable_ = false;
  if ((events_ & EPOLLOUT) == 0) {
    events_ |= EPOLLOUT;
    if (watched_) {
      loop_.change(fd_.get(), events_, this);
    }
  }
}

bool Socket::connect(const net::IpAddr& address, std::uint16_t port, SocketOwner* owner) {
  owner_ = owner;
  fd_.reset(::socket(address.isV4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) {
    errorNumber_ = errno;
    return false;
  }
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  SocketAddress target{};
  const socklen_t size = fillAddress(target, address, port);
  if (::connect(fd_.get(), &target.any, size) != 0 && errno != EINPROGRESS) {
    errorNumber_ = errno;
    fd_.reset();
    return false;
  }
  events_ = kEvents | EPOLLOUT;
  if (!watch()) {
    fd_.reset();
    return false;
  }
  return true;
}

Socket::Connect Socket::connected() {
  if (!open()) {
    return Connect::kFailed;
  }
  const auto outcome = base::connectOutcome(
      fd_.get(), (writable_ ? EPOLLOUT : 0U) | (reset_ ? EPOLLERR : 0U) | (hungUp_ ? EPOLLHUP : 0U));
  if (!outcome) {
    return Connect::kPending;
  }
  errorNumber_ = *outcome;
  return *outcome == 0 ? Connect::kDone : Connect::kFailed;
}

Transfer Socket::receive(Buffer& into) {
  char* const back = into.back();
  const std::size_t space = into.space();
  for (;;) {
    const ssize_t n = ::recv(fd_.get(), back, space, 0);
    if (n > 0) {
      into.commit(static_cast<std::size_t>(n));
      // A short read has emptied the socket; a FIN that came with it is told by an event of its own.
      readable_ = static_cast<std::size_t>(n) == space || peerClosed_;
      return Transfer::kProgress;
    }
    if (n == 0) {
      readable_ = false;
      return Transfer::kEnd;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      readable_ = false;
      return Transfer::kBlocked;
    }
    if (errno != EINTR) {
      errorNumber_ = errno;
      readable_ = false;
      return Transfer::kError;
    }
  }
}

Transfer Socket::send(std::string_view first, std::string_view second, std::size_t& sent, bool last) {
  sent = 0;
  const int flags = MSG_NOSIGNAL | (last ? MSG_MORE : 0);
  std::array<iovec, 2> parts{
      {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const std::string_view single = first.empty() ? second : first;
  for (;;) {
    // For one piece the kernel has less to look at with send(2).
    const ssize_t n = single.size() == first.size() + second.size()
                          ? ::send(fd_.get(), single.data(), single.size(), flags)
                          : ::sendmsg(fd_.get(), &message, flags);
    if (n >= 0) {
      sent = static_cast<std::size_t>(n);
      if (sent < first.size() + second.size()) {
        awaitRoom();
      }
      return Transfer::kProgress;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      awaitRoom();
      return Transfer::kBlocked;
    }
    if (errno != EINTR) {
      errorNumber_ = errno;
      writable_ = false;
      return Transfer::kError;
    }
  }
}

void Socket::shutdownWrite() {
  if (open()) {
    ::shutdown(fd_.get(), SHUT_WR);
  }
}

void Socket::abort() {
  if (open()) {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  close();
}

void Socket::close() {
  if (open()) {
    fd_.reset();  // nobody else has it, so that the kernel forgets to watch it: epoll(7), question 6
  }
  watched_ = readable_ = writable_ = peerClosed_ = hungUp_ = reset_ = false;
}

void Socket::onEvents(std::uint32_t events) {
  if (!open()) {
    return;  // closed earlier in this round
  }
  readable_ = readable_ || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  writable_ = writable_ || (events & EPOLLOUT) != 0;
  peerClosed_ = peerClosed_ || (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
  hungUp_ = hungUp_ || (events & EPOLLHUP) != 0;
  reset_ = reset_ || (events & EPOLLERR) != 0;
  if (owner_ != nullptr) {
    owner_->onSocket(*this);
  }
}

std::string reasonForErrno(int errnoValue) {
  std::string text = std::strerror(errnoValue);
  if (errnoValue == ENETUNREACH) {
    text += " (no route)";
  } else if (errnoValue == EHOSTUNREACH) {
    text += " (no route beyond a router that said so, or nobody answers ARP)";
  }
  return text;
}

Endpoint localEndpoint(int fd) {
  SocketAddress address{};
  socklen_t size = sizeof(address);
  return ::getsockname(fd, &address.any, &size) == 0 ? endpointOf(address) : Endpoint{};
}

base::UniqueFd acceptFrom(int listening, Endpoint& peer) {
  SocketAddress address{};
  socklen_t size = sizeof(address);
  base::UniqueFd accepted(::accept4(listening, &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  peer = accepted ? endpointOf(address) : Endpoint{};
  return accepted;
}

}  // namespace vpclab::lb
