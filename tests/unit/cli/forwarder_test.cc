// How the forwarder waits: for one side that is slow while the other has ended.
#include "cli/forwarder.h"

#include <array>
#include <ctime>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace vpclab::cli {

namespace {

constexpr int kWhile = 300;  // milliseconds
constexpr int kLongest = 10'000;

// A forwarder in a thread of its own, with one connection through it.
class Forwarded {
 public:
  Forwarded() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    far_.reset(ends[0]);
    server.reset(ends[1]);
    REQUIRE(::pipe(ends.data()) == 0);
    endReader_.reset(ends[0]);
    endWriter_.reset(ends[1]);

    base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0);  // any name
    socklen_t size = sizeof(address);
    REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(::listen(listener.get(), 1) == 0);
    auto forwarder = Forwarder::make(
        std::move(listener), [this] { return base::Result<base::UniqueFd>(std::move(far_)); },
        [](const std::string&) {});
    REQUIRE(forwarder);
    thread_ =
        std::thread([this, forwarder = std::move(*forwarder)]() mutable { (void)forwarder.run(endReader_.get()); });
    client.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  ~Forwarded() {
    endWriter_.reset();
    thread_.join();
  }
  Forwarded(const Forwarded&) = delete;
  Forwarded& operator=(const Forwarded&) = delete;

  // The processor time that the forwarder takes in a while in which there is nothing for it to do, in milliseconds.
  double idleTime() {
    const double before = processorTime();
    (void)::poll(nullptr, 0, kWhile);
    return processorTime() - before;
  }

  base::UniqueFd client;
  base::UniqueFd server;

 private:
  double processorTime() {
    clockid_t clock{};
    timespec used{};
    REQUIRE(::pthread_getcpuclockid(thread_.native_handle(), &clock) == 0);
    REQUIRE(::clock_gettime(clock, &used) == 0);
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
  }

  base::UniqueFd far_;
  base::UniqueFd endReader_;
  base::UniqueFd endWriter_;
  std::thread thread_;
};

// Sends until nothing more is taken. Returns how much it was.
std::size_t fill(int fd) {
  const std::string block(64 * 1024, 'x');
  std::size_t sent = 0;
  for (pollfd entry{fd, POLLOUT, 0}; ::poll(&entry, 1, kWhile) > 0;) {
    const ssize_t n = ::send(fd, block.data(), block.size(), MSG_NOSIGNAL);
    sent += n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  return sent;
}

std::size_t readToEnd(int fd) {
  std::array<char, 64 * 1024> buffer{};
  std::size_t got = 0;
  for (pollfd entry{fd, POLLIN, 0}; ::poll(&entry, 1, kLongest) > 0;) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) {
      break;
    }
    got += static_cast<std::size_t>(n);
  }
  return got;
}

}  // namespace

TEST_CASE("a client that has asked and reads slowly costs no processor time, though the server has closed") {
  Forwarded one;
  REQUIRE(::send(one.client.get(), "ask", 3, 0) == 3);
  REQUIRE(::shutdown(one.client.get(), SHUT_WR) == 0);
  CHECK(readToEnd(one.server.get()) == 3);
  CHECK(one.idleTime() < kWhile / 10.0);  // the server thinks
  const std::size_t sent = fill(one.server.get());
  one.server.reset();
  CHECK(one.idleTime() < kWhile / 10.0);
  CHECK(readToEnd(one.client.get()) == sent);
}

TEST_CASE("a server that reads slowly costs no processor time, though the client has closed for writing") {
  Forwarded one;
  const std::size_t sent = fill(one.client.get());
  REQUIRE(::shutdown(one.client.get(), SHUT_WR) == 0);
  CHECK(one.idleTime() < kWhile / 10.0);
  CHECK(readToEnd(one.server.get()) == sent);
  REQUIRE(::send(one.server.get(), "answer", 6, 0) == 6);
  one.server.reset();
  CHECK(readToEnd(one.client.get()) == 6);
}

}  // namespace vpclab::cli
