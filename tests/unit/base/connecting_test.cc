#include "base/connecting.h"

#include <cerrno>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

using vpclab::base::connectOutcome;
using vpclab::base::UniqueFd;

namespace {

sockaddr_in bound(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return address;
}

// On a port of its own that takes no connection yet.
UniqueFd socketOnLoopback() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

UniqueFd connecting(const UniqueFd& to) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in address = bound(to.get());
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == -1);
  REQUIRE(errno == EINPROGRESS);
  return fd;
}

unsigned events(const UniqueFd& fd) {
  pollfd entry{fd.get(), POLLOUT, 0};
  REQUIRE(::poll(&entry, 1, 0) >= 0);
  return static_cast<unsigned>(entry.revents);
}

}  // namespace

TEST_CASE("a connection that is accepted is there") {
  const UniqueFd listener = socketOnLoopback();
  REQUIRE(::listen(listener.get(), 1) == 0);
  const UniqueFd client = connecting(listener);
  CHECK(connectOutcome(client.get(), events(client)) == 0);
}

TEST_CASE("a connection that is refused says so, and is over even when somebody has read why") {
  const UniqueFd nobody = socketOnLoopback();
  const UniqueFd client = connecting(nobody);
  const unsigned told = events(client);
  CHECK(connectOutcome(client.get(), told) == ECONNREFUSED);
  CHECK(connectOutcome(client.get(), told) == ECONNABORTED);
}

TEST_CASE("a connection whose error cannot be read yet is still being made") {
  const UniqueFd listener = socketOnLoopback();
  REQUIRE(::listen(listener.get(), 0) == 0);
  const UniqueFd first = connecting(listener);  // fills its queue
  REQUIRE(connectOutcome(first.get(), events(first)) == 0);
  const UniqueFd client = connecting(listener);
  CHECK(events(client) == 0);
  CHECK_FALSE(connectOutcome(client.get(), 0));
  CHECK_FALSE(connectOutcome(client.get(), POLLERR));
}

TEST_CASE("what says nothing of the other side") {
  for (const int error : {EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN}) {
    CHECK(vpclab::base::isOwnShortage(error));
  }
  for (const int error : {0, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, ECONNRESET}) {
    CHECK_FALSE(vpclab::base::isOwnShortage(error));
  }
}
