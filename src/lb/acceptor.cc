#include "lb/acceptor.h"

#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

Acceptor::Acceptor(EventLoop& loop, std::function<void(base::UniqueFd, const Endpoint&)> taker)
    : loop_(loop), taker_(std::move(taker)), resume_(loop, [this] { watch(); }) {}

Acceptor::~Acceptor() {
  unwatch();
}

base::Result<> Acceptor::take(base::UniqueFd socket) {
  if (socket_ && cookieOf(socket_.get()) == cookieOf(socket.get())) {
    return {};
  }
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // every accepted one inherits it
  if (auto added = loop_.add(socket.get(), EPOLLIN, this); !added) {
    return base::fail(std::move(added.error()).context("watch a listening socket"));
  }
  if (socket_) {
    acceptAll(true);  // what waits at the old socket would be reset with it
    unwatch();
    resume_.stop();
  }
  socket_ = std::move(socket);
  applyDeferral();
  watched_ = true;
  if (paused_) {
    unwatch();
  }
  return {};
}

void Acceptor::setDeferring(bool deferring) {
  if (deferring_ != deferring) {
    deferring_ = deferring;
    applyDeferral();
  }
}

void Acceptor::applyDeferral() {
  const int seconds = deferring_ ? static_cast<int>(kDeferral.count() / 1000) : 0;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

void Acceptor::setPaused(bool paused) {
  if (paused_ == paused) {
    return;
  }
  paused_ = paused;
  if (paused_) {
    unwatch();
  } else {
    watch();
  }
}

void Acceptor::close() {
  acceptAll(true);
  resume_.stop();
  unwatch();
  socket_.reset();
}

void Acceptor::onEvents(std::uint32_t /*events*/) {
  acceptAll(false);
}

void Acceptor::watch() {
  if (!socket_ || watched_ || paused_ || resume_.running()) {
    return;
  }
  watched_ = loop_.add(socket_.get(), EPOLLIN, this).has_value();
  if (!watched_) {
    resume_.startIn(kPause);
  }
}

void Acceptor::unwatch() {
  if (watched_) {
    loop_.remove(socket_.get());
    watched_ = false;
  }
}

void Acceptor::acceptAll(bool last) {
  for (int i = 0; i < kAcceptsPerRound && socket_ && !resume_.running() && (last || !paused_); ++i) {
    Endpoint peer;
    base::UniqueFd accepted = acceptFrom(socket_.get(), peer);
    if (accepted) {
      taker_(std::move(accepted), peer);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The socket stays readable; looking at it again and again would only burn time.
      unwatch();
      resume_.startIn(kPause);
      return;
    }
    // Otherwise that one connection failed before it was taken: accept(2).
  }
}

}  // namespace vpclab::lb
