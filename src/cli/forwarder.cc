#include "cli/forwarder.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace vpclab::cli {

namespace {

constexpr std::size_t kMaxRelays = 256;
constexpr std::chrono::seconds kConnectTime{10};
constexpr int kBacklog = 64;

base::Result<> add(int epoll, int fd, unsigned events, void* what) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = what;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? base::Result<>() : base::failErrno("epoll_ctl");
}

// False: it is not in.
bool modify(int epoll, int fd, unsigned events, void* what) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = what;
  return ::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0;
}

// One of which nothing is wanted is taken out: its end and its errors would be told all the same, over and over.
void watch(int epoll, int fd, unsigned events, void* what) {
  if (events == 0) {
    (void)::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
  } else if (!modify(epoll, fd, events, what)) {
    (void)add(epoll, fd, events, what);
  }
}

}  // namespace

base::Result<base::UniqueFd> listenOnLoopback(std::uint16_t port) {
  base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return base::failErrno("socket");
  }
  const int on = 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return base::failErrno("listen on 127.0.0.1:" + std::to_string(port));
  }
  return socket;
}

Forwarder::Forwarder(base::UniqueFd listener, base::UniqueFd epoll,
                     std::function<base::Result<base::UniqueFd>()> connect,
                     std::function<void(const std::string&)> complain)
    : listener_(std::move(listener)),
      epoll_(std::move(epoll)),
      connect_(std::move(connect)),
      complain_(std::move(complain)) {}

base::Result<Forwarder> Forwarder::make(base::UniqueFd listener, std::function<base::Result<base::UniqueFd>()> connect,
                                        std::function<void(const std::string&)> complain) {
  base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) {
    return base::failErrno("epoll_create1");
  }
  return Forwarder(std::move(listener), std::move(epoll), std::move(connect), std::move(complain));
}

void Forwarder::rearm(Relay& relay) const {
  watch(epoll_.get(), relay.nearFd(), relay.nearEvents(), &relay);
  watch(epoll_.get(), relay.farFd(), relay.farEvents(), &relay);
}

void Forwarder::accept() {
  while (relays_.size() < kMaxRelays) {
    base::UniqueFd near(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!near) {
      return;
    }
    auto far = connect_();
    if (!far) {
      complain_(far.error().message());
      continue;
    }
    auto& relay = relays_.emplace_back(std::move(near), std::move(*far), base::Deadline::after(kConnectTime));
    if (!add(epoll_.get(), relay.nearFd(), relay.nearEvents(), &relay) ||
        !add(epoll_.get(), relay.farFd(), relay.farEvents(), &relay)) {
      relays_.pop_back();
    }
  }
}

void Forwarder::end(Relays::iterator relay) {
  if (!relay->problem().empty()) {
    complain_("connect: " + relay->problem());
  }
  relays_.erase(relay);
}

void Forwarder::endOverdue() {
  for (auto it = relays_.begin(); it != relays_.end();) {
    const auto next = std::next(it);
    if (it->overdue()) {
      complain_("connect: no answer in time");
      relays_.erase(it);
    }
    it = next;
  }
}

int Forwarder::timeout() const {
  int least = -1;
  for (const auto& relay : relays_) {
    if (!relay.connected()) {
      const int left = relay.connectDeadline().pollTimeout();
      least = least < 0 ? left : std::min(least, left);
    }
  }
  return least;
}

base::Result<> Forwarder::run(int endFd) {
  if (auto added = add(epoll_.get(), endFd, EPOLLIN, &endFd); !added) {
    return added;
  }
  if (auto added = add(epoll_.get(), listener_.get(), EPOLLIN, &listener_); !added) {
    return added;
  }
  for (;;) {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout());
    if (count < 0 && errno != EINTR) {
      return base::failErrno("epoll_wait");
    }
    bool arrivals = false;
    for (int i = 0; i < count; ++i) {
      void* what = events.at(static_cast<std::size_t>(i)).data.ptr;
      if (what == &endFd) {
        return {};
      }
      if (what == &listener_) {
        arrivals = true;
        continue;
      }
      // A relay may have ended with its other socket's event of this round.
      const auto relay = std::find_if(relays_.begin(), relays_.end(), [&](const Relay& r) { return &r == what; });
      if (relay == relays_.end()) {
        continue;
      }
      if (relay->advance()) {
        rearm(*relay);
      } else {
        end(relay);
      }
    }
    endOverdue();
    // Last: a new relay must not get the events of one that had its place in memory.
    if (arrivals) {
      accept();
    }
    (void)modify(epoll_.get(), listener_.get(), relays_.size() < kMaxRelays ? EPOLLIN : 0U, &listener_);
  }
}

}  // namespace vpclab::cli
