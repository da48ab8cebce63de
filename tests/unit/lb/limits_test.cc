#include <atomic>
#include <thread>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "unit/lb/raw_server.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;
using std::chrono::milliseconds;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

// A backend that answers when it is told to.
struct Held {
  explicit Held(const std::string& address)
      : server(address, [this](int fd, int) {
          readUntil(fd, "\r\n\r\n");
          ++waiting;
          while (let <= 0) {
            std::this_thread::sleep_for(milliseconds(2));
          }
          --let;
          write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }) {}
  ~Held() { let = 1000; }
  std::atomic<int> waiting{0};
  std::atomic<int> let{0};
  RawServer server;
};

template <class Condition>
bool becomes(Condition condition) {
  for (int i = 0; i < 500 && !condition(); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  return condition();
}

std::string firstLine(const std::string& answer) {
  return answer.substr(0, std::min<std::size_t>(12, answer.find("\r\n")));
}

}  // namespace

TEST_CASE("how large a request's head may be says nothing of an answer's") {
  RawServer server("127.0.20.70", [](int fd, int) {
    readUntil(fd, "\r\n\r\n");
    write(fd, "HTTP/1.1 204 No Content\r\nX-Large: " + std::string(8'000, 'x') + "\r\nConnection: close\r\n\r\n");
  });
  Listening front("127.0.20.71");
  Worker balancer;
  auto listener = listenerFor(front, {server.address()});
  listener.maxHeaderBytes = 1024;
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  CHECK(firstLine(raw(front.address, kGet)) == "HTTP/1.1 204");
  CHECK(firstLine(raw(front.address, "GET /" + std::string(2'000, 'x') + kGet.substr(5))) == "HTTP/1.1 431");
}

TEST_CASE("a backend at its limit: requests wait their turn, or get 503 when it takes too long") {
  Held backend("127.0.20.70");
  Listening front("127.0.20.71");
  Worker balancer;
  auto listener = listenerFor(front, {backend.server.address()});
  listener.backends[0].maxConnections = 2;
  const auto apply = [&] {
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  };
  apply();
  const auto pool = [&] { return balancer.status()["listeners"][0]["pools"][0]; };
  std::vector<std::string> got(6);
  std::vector<std::thread> clients;
  for (auto& one : got) {
    clients.emplace_back([&] { one = firstLine(raw(front.address, kGet)); });
  }
  CHECK(becomes([&] { return pool()["queued"] == 4; }));
  CHECK(becomes([&] { return backend.waiting == 2; }));
  backend.let = 1;
  CHECK(becomes([&] { return pool()["queued"] == 3 && backend.waiting == 3; }));
  CHECK(balancer.status()["listeners"][0]["backends"][0]["active"] == 2);
  // A higher limit takes more of them at once.
  listener.backends[0].maxConnections = 4;
  apply();
  CHECK(becomes([&] { return pool()["queued"] == 1 && backend.waiting == 5; }));
  backend.let = 5;
  for (auto& client : clients) {
    client.join();
  }
  for (const auto& one : got) {
    CHECK(one == "HTTP/1.1 200");
  }
  CHECK(backend.waiting == 6);
  CHECK(pool()["longestQueue"] == 4);
  CHECK(balancer.waitForLog(" 0/3 \"GET").find(" 0/3 \"GET") != std::string::npos);

  backend.let = 0;
  listener.backends[0].maxConnections = 1;
  listener.queueTimeout = milliseconds(200);
  apply();
  std::thread holder([&] { raw(front.address, kGet); });
  CHECK(becomes([&] { return backend.waiting == 7; }));
  CHECK(firstLine(raw(front.address, kGet)) == "HTTP/1.1 503");
  CHECK(balancer.waitForLog("sQ").find(" 503 ") != std::string::npos);
  // A client that gives up leaves the queue.
  {
    auto gone = connectTo(front.address);
    const linger reset{1, 0};
    ::setsockopt(gone.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    write(gone.get(), kGet);
    CHECK(becomes([&] { return pool()["queued"] == 1; }));
  }
  CHECK(becomes([&] { return pool()["queued"] == 0; }));
  backend.let = 1;
  holder.join();
}

TEST_CASE("a full primary's requests do not go to the backup; a backend that comes up takes who waits") {
  Held primary("127.0.20.72");
  Held backup("127.0.20.73");
  Listening front("127.0.20.74");
  Worker balancer;
  auto listener = listenerFor(front, {primary.server.address(), backup.server.address()});
  listener.backends[0].maxConnections = 1;
  listener.backends[1].backup = true;
  const auto apply = [&] {
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  };
  apply();
  REQUIRE(balancer.waitForState("up"));
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] { raw(front.address, kGet); });
  }
  CHECK(becomes([&] { return balancer.status()["listeners"][0]["pools"][0]["queued"] == 1; }));
  CHECK(backup.waiting == 0);
  listener.backends[0].disabled = true;
  apply();
  CHECK(becomes([&] { return backup.waiting == 1; }));
  primary.let = backup.let = 1;
  for (auto& client : clients) {
    client.join();
  }
}

TEST_CASE("a listener at its limit: further clients wait in the kernel") {
  Held backend("127.0.20.75");
  Listening front("127.0.20.76");
  Worker balancer;
  auto listener = listenerFor(front, {backend.server.address()});
  listener.maxConnections = 2;
  const auto apply = [&] {
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  };
  apply();
  std::vector<std::thread> clients;
  std::atomic<int> served{0};
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back([&] { served += firstLine(raw(front.address, kGet)) == "HTTP/1.1 200" ? 1 : 0; });
  }
  CHECK(becomes([&] { return backend.waiting == 2; }));
  CHECK(balancer.status()["listeners"][0]["open"] == 2);
  backend.let = 1;
  CHECK(becomes([&] { return backend.waiting == 3; }));
  CHECK(balancer.status()["listeners"][0]["open"] <= 2);
  listener.maxConnections = 0;
  apply();
  CHECK(becomes([&] { return backend.waiting == 5; }));
  backend.let = 4;
  for (auto& client : clients) {
    client.join();
  }
  CHECK(served == 5);
}

TEST_CASE("clients that trickle a body or do not take an answer are ended") {
  RawServer backend("127.0.20.77", [](int fd, int index) {
    if (index == 0) {
      readUntil(fd, "never");
      return;
    }
    readUntil(fd, "\r\n\r\n");
    const std::string block(1 << 20, 'x');
    write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n");
    for (int i = 0; i < 64; ++i) {
      write(fd, block);
    }
  });
  Listening front("127.0.20.78");
  Worker balancer;
  auto listener = listenerFor(front, {backend.address()});
  listener.idleTimeout = milliseconds(500);
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  {
    const auto fd = connectTo(front.address);
    const auto start = base::Clock::now();
    std::atomic<bool> stop{false};
    std::thread writer([&] {
      write(fd.get(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
      while (!stop) {
        write(fd.get(), "a");
        std::this_thread::sleep_for(milliseconds(20));
      }
    });
    const auto answer = readUntil(fd.get(), "\r\n\r\n");
    stop = true;
    writer.join();
    CHECK(firstLine(answer) == "HTTP/1.1 408");
    CHECK(base::Clock::now() - start < milliseconds(3000));
    CHECK(balancer.waitForLog("cH").find(" 408 ") != std::string::npos);
  }
  {
    const auto fd = connectTo(front.address);
    write(fd.get(), kGet);
    CHECK(balancer.waitForLog("cD").find(" 200 ") != std::string::npos);
    CHECK(becomes([&] { return balancer.status()["listeners"][0]["open"] == 0; }));
  }
}

TEST_CASE("a tunnel has a timeout of its own") {
  RawServer backend("127.0.20.79", [](int fd, int) {
    readUntil(fd, "\r\n\r\n");
    write(fd, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    readUntil(fd, "never");
  });
  Listening front("127.0.20.80");
  Worker balancer;
  auto listener = listenerFor(front, {backend.address()});
  listener.idleTimeout = milliseconds(200);
  listener.tunnelTimeout = milliseconds(700);
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  const auto start = base::Clock::now();
  const auto out = raw(front.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
  CHECK(firstLine(out) == "HTTP/1.1 101");
  CHECK(base::Clock::now() - start >= milliseconds(700));
  CHECK(out.find("!timeout") == std::string::npos);
}

TEST_CASE("clients are taken with their first bytes, but not where it would show that a silent one comes late") {
  Lab lab;
  const auto deferral = [&] {
    int seconds = -1;
    socklen_t size = sizeof(seconds);
    ::getsockopt(lab.front.fd.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, &size);
    return seconds;
  };
  CHECK(deferral() == 1);
  {
    auto silent = connectTo(lab.front.address);
    CHECK(becomes([&] { return lab.balancer.status()["listeners"][0]["open"] == 1; }));
    write(silent.get(), kGet);
    CHECK(readUntil(silent.get(), "\r\n\r\n").find("200 OK") != std::string::npos);
  }
  lab.listener.maxConnections = 5;
  lab.apply();
  CHECK(deferral() == 0);
  lab.listener.maxConnections = 0;
  lab.apply();
  CHECK(deferral() == 1);
  lab.listener.idleTimeout = milliseconds(9999);
  lab.apply();
  CHECK(deferral() == 0);
  lab.listener.idleTimeout = milliseconds(50'000);
  lab.listener.protocol = state::ListenerProtocol::kTcp;
  lab.apply();
  CHECK(deferral() == 0);
}
