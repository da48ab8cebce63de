#include "lb/route_watch.h"

#include <array>
#include <cerrno>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace vpclab::lb {

base::Result<base::UniqueFd> RouteWatch::openSocket() {
  base::UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) {
    return base::failErrno("open a route netlink socket");
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return base::failErrno("subscribe to route changes");
  }
  return socket;
}

base::Result<std::unique_ptr<RouteWatch>> RouteWatch::start(EventLoop& loop, base::UniqueFd socket,
                                                            std::function<void()> changed) {
  std::unique_ptr<RouteWatch> watch(new RouteWatch(loop, std::move(socket), std::move(changed)));
  if (auto added = loop.add(watch->socket_.get(), EPOLLIN, watch.get()); !added) {
    return base::fail(std::move(added.error()).context("watch for route changes"));
  }
  return watch;
}

RouteWatch::RouteWatch(EventLoop& loop, base::UniqueFd socket, std::function<void()> changed)
    : loop_(loop), socket_(std::move(socket)), changed_(std::move(changed)) {}

RouteWatch::~RouteWatch() {
  loop_.remove(socket_.get());
}

void RouteWatch::onEvents(std::uint32_t /*events*/) {
  // What the messages say does not matter, only that something changed; ENOBUFS (some were lost) says the same.
  std::array<char, 8192> bytes;
  bool changed = false;
  for (int i = 0; i < 64; ++i) {
    const ssize_t n = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n >= 0 || errno == ENOBUFS) {
      changed = true;
    } else if (errno != EINTR) {
      break;
    }
  }
  if (changed) {
    changed_();
  }
}

}  // namespace vpclab::lb
