// Clients that have connected and stay silent: for a second the kernel keeps them to itself (TCP_DEFER_ACCEPT). What
// becomes of the listener meanwhile must not make them wait for ever, once they speak.
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;

namespace {

constexpr base::Milliseconds kLong{20'000};

int openAt(Worker& worker) {
  return worker.status()["listeners"][0]["open"].get<int>();
}

// Connected, and not taken yet.
base::UniqueFd silentClient(Lab& lab) {
  for (int i = 0; i < 20; ++i) {
    const int before = openAt(lab.balancer);
    auto fd = connectTo(lab.front.address);
    REQUIRE(fd);
    if (openAt(lab.balancer) == before) {
      return fd;
    }
  }
  FAIL("each client was taken before it had said anything");
  return {};
}

// In the middle of its request: for as long its listener is there, whatever becomes of it, and its worker, too.
base::UniqueFd busyClient(Lab& lab) {
  auto fd = connectTo(lab.front.address);
  REQUIRE(fd);
  REQUIRE(::send(fd.get(), "GET / HTTP/1.1\r\n", 16, MSG_NOSIGNAL) == 16);
  for (const auto deadline = base::Deadline::after(kLong); openAt(lab.balancer) == 0 && !deadline.passed();) {
    pollfd entry{fd.get(), POLLIN, 0};
    ::poll(&entry, 1, 5);
  }
  REQUIRE(openAt(lab.balancer) == 1);
  return fd;
}

// The rest of that client's request, and what it gets.
std::string finish(const base::UniqueFd& fd) {
  REQUIRE(::send(fd.get(), "Host: a\r\nConnection: close\r\n\r\n", 30, MSG_NOSIGNAL) == 30);
  std::array<char, 12> begin{};
  pollfd entry{fd.get(), POLLIN, 0};
  if (::poll(&entry, 1, static_cast<int>(kLong.count())) <= 0) {
    return "hangs";
  }
  const ssize_t n = ::recv(fd.get(), begin.data(), begin.size(), MSG_WAITALL);
  return n < 0 ? "reset" : std::string(begin.data(), static_cast<std::size_t>(n));
}

// What it gets for a request: a status line's beginning and a page's name, "closed", "reset", or "hangs".
std::string ask(const base::UniqueFd& fd) {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return errno == ECONNRESET || errno == EPIPE ? "reset" : "cannot send";
  }
  std::string answer;
  std::array<char, 4096> part{};
  for (const auto deadline = base::Deadline::after(kLong);;) {
    pollfd entry{fd.get(), POLLIN, 0};
    if (::poll(&entry, 1, deadline.pollTimeout()) <= 0) {
      return "hangs";
    }
    const ssize_t n = ::recv(fd.get(), part.data(), part.size(), 0);
    if (n < 0) {
      return "reset";
    }
    if (n == 0) {
      return answer.empty() ? "closed" : answer.substr(0, answer.find(' ', sizeof("HTTP/1.1")));
    }
    answer.append(part.data(), static_cast<std::size_t>(n));
  }
}

void applyTo(Worker& worker, const state::Process& process, const std::vector<int>& sockets) {
  const auto reply = worker.configure(process, sockets);
  REQUIRE_MESSAGE(reply["ok"] == true, reply.dump());
}

}  // namespace

TEST_CASE("a silent client of a listener that is removed is told so by its first bytes") {
  Lab lab;
  base::UniqueFd busy;
  SUBCASE("that goes at once") {}
  SUBCASE("that is kept by another client's request") {
    busy = busyClient(lab);
  }
  const auto silent = silentClient(lab);
  applyTo(lab.balancer, {"lb", "lb", state::LoadBalancer{"lb", {}}}, {});
  lab.front.fd.reset();  // as the keeper does then
  const auto end = ask(silent);
  CHECK_MESSAGE((end == "closed" || end == "reset"), end);
  if (busy) {
    CHECK(finish(busy) == "HTTP/1.1 200");
  }
}

TEST_CASE("a silent client is served by the worker that takes the place of another") {
  Lab lab;
  Worker next;
  const auto busy = busyClient(lab);
  std::vector<base::UniqueFd> silent;
  for (int i = 0; i < 8; ++i) {  // each could be taken by either
    silent.push_back(silentClient(lab));
  }
  applyTo(next, lab.process(), {lab.front.fd.get()});
  CHECK(lab.balancer.call(R"({"op":"drain"})")["ok"] == true);
  for (const auto& client : silent) {
    CHECK(ask(client) == "HTTP/1.1 200");
  }
  CHECK(next.status()["listeners"][0]["requests"] == silent.size());
  CHECK(finish(busy) == "HTTP/1.1 200");
  pollfd entry{lab.balancer.control(), POLLIN, 0};
  CHECK(::poll(&entry, 1, static_cast<int>(kLong.count())) == 1);
  CHECK(lab.balancer.end() == 0);
}

TEST_CASE("a silent client of a worker that was killed is served by the next one") {
  Lab lab;
  const auto silent = silentClient(lab);
  const auto early = silentClient(lab);
  ::kill(lab.balancer.pid(), SIGKILL);
  CHECK(lab.balancer.end() == 128 + SIGKILL);
  // One that speaks while there is no worker waits for the next one, too.
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  REQUIRE(::send(early.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0);
  Worker next;
  applyTo(next, lab.process(), {lab.front.fd.get()});
  CHECK(ask(silent) == "HTTP/1.1 200");
  pollfd entry{early.get(), POLLIN, 0};
  CHECK(::poll(&entry, 1, static_cast<int>(kLong.count())) == 1);
  std::array<char, 12> begin{};
  CHECK(::recv(early.get(), begin.data(), begin.size(), MSG_WAITALL) == 12);
  CHECK(std::string_view(begin.data(), begin.size()) == "HTTP/1.1 200");
}

TEST_CASE("a silent client of a listener that defers no more is taken all the same") {
  Lab lab;
  const auto silent = silentClient(lab);
  SUBCASE("a limit of clients") {
    lab.listener.maxConnections = 5;
  }
  SUBCASE("another protocol") {
    lab.listener.protocol = state::ListenerProtocol::kTcp;
  }
  lab.apply();
  CHECK(ask(silent) == "HTTP/1.1 200");
}
