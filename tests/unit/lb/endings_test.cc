#include <array>
#include <atomic>
#include <cerrno>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"
#include "http/blocking.h"
#include "unit/lb/raw_server.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;

namespace {

constexpr int kLong = 20'000;  // milliseconds

base::Deadline soon() {
  return base::Deadline::after(base::Milliseconds(kLong));
}

// Everything until the peer ends its side.
std::string readToEnd(int fd) {
  std::string out;
  std::array<char, 4096> part{};
  for (;;) {
    pollfd entry{fd, POLLIN, 0};
    const ssize_t n = ::poll(&entry, 1, kLong) > 0 ? ::recv(fd, part.data(), part.size(), 0) : -1;
    if (n <= 0) {
      return n == 0 ? out : out + "!";
    }
    out.append(part.data(), static_cast<std::size_t>(n));
  }
}

// Sends one byte more; the error that the socket then has when the balancer has forgotten the connection.
int errorOfMore(int fd, Worker& balancer) {
  CHECK(::send(fd, "x", 1, MSG_NOSIGNAL) == 1);
  const auto deadline = soon();
  while (balancer.status()["listeners"][0]["open"] != 0 && !deadline.passed()) {
    pollfd entry{fd, 0, 0};
    ::poll(&entry, 1, 10);
  }
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

bool ended(const Worker& worker) {
  pollfd entry{worker.control(), POLLIN, 0};
  char byte = 0;
  return ::poll(&entry, 1, kLong) == 1 && ::recv(worker.control(), &byte, 1, MSG_PEEK) == 0;
}

}  // namespace

TEST_CASE("the connection of a client that has said it is done is closed at once") {
  Lab lab;
  const auto fd = connectTo(lab.front.address);
  REQUIRE(base::writeAll(fd.get(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  CHECK(readToEnd(fd.get()).find("200 OK") != std::string::npos);
  CHECK(errorOfMore(fd.get(), lab.balancer) != 0);  // nobody reads it: RST
}

TEST_CASE("what a client sends while it is refused does not cost it the answer") {
  Lab lab;
  const auto fd = connectTo(lab.front.address);
  REQUIRE(base::writeAll(fd.get(), "GET / HTTP/1.1\r\nHost : a\r\n\r\n"));
  CHECK(readToEnd(fd.get()).find("400 Bad Request") != std::string::npos);
  CHECK(errorOfMore(fd.get(), lab.balancer) == 0);  // read and thrown away
}

TEST_CASE("a client that resets a tunnel whose other end takes nothing any more is gone at once") {
  std::atomic<bool> over{false};
  RawServer backend("127.0.20.90", [&](int fd, int) {
    readUntil(fd, "\r\n\r\n");
    write(fd, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    for (const auto late = base::Deadline::after(base::Milliseconds(3 * kLong)); !over && !late.passed();) {
      pollfd none{-1, 0, 0};
      ::poll(&none, 1, 10);
    }
  });
  Listening front("127.0.20.91");
  Worker balancer;
  const auto listener = listenerFor(front, {backend.address()});
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  {
    const auto fd = connectTo(front.address);
    write(fd.get(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    readUntil(fd.get(), "\r\n\r\n");
    const std::string block(1 << 16, 'x');
    for (pollfd entry{fd.get(), POLLOUT, 0}; ::poll(&entry, 1, 300) == 1;) {  // until every buffer is full
      REQUIRE(::send(fd.get(), block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0);
    }
    CHECK(balancer.status()["listeners"][0]["open"] == 1);
    const linger reset{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  const auto deadline = soon();
  while (balancer.status()["listeners"][0]["open"] != 0 && !deadline.passed()) {
    pollfd none{-1, 0, 0};
    ::poll(&none, 1, 10);
  }
  CHECK(balancer.status()["listeners"][0]["open"] == 0);
  over = true;
}

TEST_CASE("a worker that is drained: a lasting connection gets its next answer, then the worker ends") {
  Lab lab;
  const auto fd = connectTo(lab.front.address);
  http::Connection connection(fd.get());
  const auto ask = [&](const char* method) -> std::string {
    REQUIRE(connection.writeRequest({method, "/", 1, {{"Host", "a"}}, ""}, soon()));
    const auto answer = connection.readResponse(method, 1 << 20, soon());
    REQUIRE(answer);
    CHECK(answer->status == 200);
    const std::string* const says = answer->header("connection");
    return says == nullptr ? "" : *says;
  };
  CHECK(ask("GET").empty());
  CHECK(lab.balancer.call(R"({"op":"drain"})")["ok"] == true);
  CHECK(lab.balancer.configure(lab.process(), {lab.front.fd.get()})["ok"] == false);
  // The next one has the socket, and everything that is new.
  Worker next;
  REQUIRE(next.configure(lab.process(), {lab.front.fd.get()})["ok"] == true);
  CHECK(get(lab.front.address).substr(0, 1) == "s");
  CHECK(next.status()["listeners"][0]["requests"] == 1);
  CHECK(lab.balancer.status()["listeners"][0]["requests"] == 1);

  CHECK(ask("GET") == "close");
  CHECK(ended(lab.balancer));
  CHECK(lab.balancer.end() == 0);
}

TEST_CASE("a worker that is drained waits but a moment for a connection on which nothing is asked") {
  Lab lab;
  const auto fd = connectTo(lab.front.address);
  while (lab.balancer.status()["listeners"][0]["open"] != 1) {
    pollfd entry{fd.get(), 0, 0};
    ::poll(&entry, 1, 5);
  }
  CHECK(lab.balancer.call(R"({"op":"drain"})")["ok"] == true);
  CHECK(readToEnd(fd.get()).empty());
  CHECK(ended(lab.balancer));
}

TEST_CASE("a page server that is drained ends with its answers") {
  Lab lab;
  CHECK(lab.pages.call(R"({"op":"drain"})")["ok"] == true);
  CHECK(ended(lab.pages));
}
