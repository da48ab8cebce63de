#include "cli/relay.h"

#include <array>
#include <string>

#include <doctest/doctest.h>
#include <sys/socket.h>

namespace vpclab::cli {

namespace {

struct Pair {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};

Pair makePair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

std::string received(int fd) {
  std::array<char, 4096> buffer{};
  const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
  return n < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(n));
}

}  // namespace

TEST_CASE("bytes go both ways, and one side's end leaves the other way open") {
  Pair client = makePair();
  Pair server = makePair();
  Relay relay(std::move(client.theirs), std::move(server.ours), base::Deadline::after(base::Milliseconds(1000)));

  REQUIRE(::send(client.ours.get(), "ask", 3, 0) == 3);
  CHECK(relay.advance());
  CHECK(relay.connected());
  CHECK(received(server.theirs.get()) == "ask");

  REQUIRE(::shutdown(client.ours.get(), SHUT_WR) == 0);
  CHECK(relay.advance());
  CHECK(received(server.theirs.get()).empty());  // the end was passed on

  REQUIRE(::send(server.theirs.get(), "answer", 6, 0) == 6);
  CHECK(relay.advance());
  CHECK(received(client.ours.get()) == "answer");

  server.theirs.reset();
  CHECK_FALSE(relay.advance());
}

TEST_CASE("a reader that does not read stops the relay's reading, not its memory") {
  Pair client = makePair();
  Pair server = makePair();
  Relay relay(std::move(client.theirs), std::move(server.ours), base::Deadline::after(base::Milliseconds(1000)));
  const std::string block(64 * 1024, 'x');
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    const ssize_t n = ::send(client.ours.get(), block.data(), block.size(), MSG_NOSIGNAL);
    sent += n > 0 ? static_cast<std::size_t>(n) : 0;
    REQUIRE(relay.advance());
  }
  CHECK(sent < 4U << 20U);
  CHECK((relay.farEvents() & 4U) != 0);   // EPOLLOUT
  CHECK((relay.nearEvents() & 1U) == 0);  // no EPOLLIN
}

}  // namespace vpclab::cli
