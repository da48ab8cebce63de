#include "lb/acceptor.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace vpclab::lb {

namespace {

constexpr base::Milliseconds kPause{100};
constexpr int kAcceptsPerRound = 64;

std::uint64_t cookieOf(int socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  ::getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size);
  return cookie;
}

}  // namespace

Acceptor::Acceptor(EventLoop& loop, std::function<void(base::UniqueFd)> taker)
    : loop_(loop), taker_(std::move(taker)), resume_(loop, [this] { resume(); }) {}

Acceptor::~Acceptor() {
  if (socket_) {
    loop_.remove(socket_.get());
  }
}

base::Result<> Acceptor::take(base::UniqueFd socket) {
  if (socket_ && cookieOf(socket_.get()) == cookieOf(socket.get())) {
    return {};
  }
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  if (auto added = loop_.add(socket.get(), EPOLLIN, this); !added) {
    return base::fail(std::move(added.error()).context("watch a listening socket"));
  }
  if (socket_) {
    resume_.stop();
    acceptAll();  // what waits at the old socket would be reset with it
    loop_.remove(socket_.get());
    resume_.stop();  // the new socket is watched already
  }
  socket_ = std::move(socket);
  return {};
}

void Acceptor::close() {
  acceptAll();
  resume_.stop();
  if (socket_) {
    loop_.remove(socket_.get());
    socket_.reset();
  }
}

void Acceptor::onEvents(std::uint32_t /*events*/) {
  acceptAll();
}

void Acceptor::resume() {
  if (socket_ && !loop_.add(socket_.get(), EPOLLIN, this)) {
    resume_.startIn(kPause);
  }
}

void Acceptor::acceptAll() {
  for (int i = 0; i < kAcceptsPerRound && socket_ && !resume_.running(); ++i) {
    base::UniqueFd accepted(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted) {
      taker_(std::move(accepted));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The socket stays readable; looking at it again and again would only burn time.
      loop_.remove(socket_.get());
      resume_.startIn(kPause);
      return;
    }
    // Otherwise that one connection failed before it was taken: accept(2).
  }
}

}  // namespace vpclab::lb
