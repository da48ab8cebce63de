#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "unit/lb/raw_server.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;
using std::chrono::milliseconds;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";

void answer(int fd, const std::string& body) {
  readUntil(fd, "\r\n\r\n");
  write(fd,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

struct Pair {
  Pair(const state::ListenAddress& a, const state::ListenAddress& b, bool passive) : front("127.0.20.90") {
    listener = listenerFor(front, {a, b});
    listener.healthCheck.passive = passive;
    listener.healthCheck.interval = milliseconds(60'000);
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
    REQUIRE(balancer.waitForState("up"));
  }
  std::string code(const std::string& request) { return raw(front.address, request).substr(9, 3); }
  nlohmann::json status() { return balancer.status()["listeners"][0]; }
  Listening front;
  Worker balancer;
  state::Listener listener;
};

}  // namespace

TEST_CASE("a request without an answer goes to another backend, once, if it may be sent twice") {
  RawServer silent("127.0.20.91", [](int fd, int) { readUntil(fd, "\r\n\r\n"); });
  std::atomic<int> reached{0};
  RawServer good("127.0.20.92", [&](int fd, int) {
    ++reached;
    answer(fd, "ok");
  });
  Pair lab(silent.address(), good.address(), false);
  CHECK(lab.code(kGet) == "200");
  CHECK(lab.status()["retries"] == 1);
  CHECK(lab.balancer.waitForLog("GET").find("/+1 0/0 ") != std::string::npos);
  CHECK(lab.code(kGet) == "200");  // the good one's turn
  CHECK(reached == 2);
  CHECK(lab.code(kPost) == "502");  // the silent one's
  CHECK(reached == 2);
  CHECK(lab.balancer.waitForLog("POST").find(" 502 ") != std::string::npos);
}

TEST_CASE("half an answer is never repeated") {
  std::atomic<int> reached{0};
  RawServer broken("127.0.20.91", [](int fd, int) {
    readUntil(fd, "\r\n\r\n");
    write(fd, "HTTP/1.1 2");
  });
  RawServer good("127.0.20.92", [&](int fd, int) {
    ++reached;
    answer(fd, "ok");
  });
  Pair lab(broken.address(), good.address(), false);
  CHECK(lab.code(kGet) == "502");
  CHECK(reached == 0);
}

TEST_CASE("bad answers put a backend out of service, but never the last one; good checks bring it back") {
  std::atomic<bool> sane{false};
  RawServer mad("127.0.20.91", [&](int fd, int) {
    if (sane) {
      answer(fd, "sane");
      return;
    }
    readUntil(fd, "\r\n\r\n");
    write(fd, "nonsense\r\n\r\n");
  });
  RawServer good("127.0.20.92", [](int fd, int) { answer(fd, "good"); });
  Pair lab(mad.address(), good.address(), true);
  // Checks that succeed in between forgive, so two at the same moment.
  const auto ejected = [&] {
    const auto flips = lab.status()["flips"];
    for (const auto& flip : flips) {
      if (flip["state"] == "down") {
        CHECK(flip["backend"] == "s1");
        CHECK(flip["reason"] == "a request failed: this is not HTTP/1");
        return true;
      }
    }
    return false;
  };
  for (int i = 0; i < 50 && !ejected(); ++i) {
    std::vector<std::thread> clients;
    for (int j = 0; j < 8; ++j) {
      clients.emplace_back([&] { lab.code(kPost); });
    }
    for (auto& client : clients) {
      client.join();
    }
  }
  CHECK(ejected());
  CHECK(lab.balancer.waitForLog("DOWN").find("Server web/s1 is DOWN, reason: a request failed") != std::string::npos);
  sane = true;
  CHECK(lab.balancer.waitForState("up"));

  // Nor one beside which the others are disabled, or drain.
  sane = false;
  for (const bool disabled : {true, false}) {
    lab.listener.backends[1].disabled = disabled;
    lab.listener.backends[1].weight = 0;
    REQUIRE(lab.balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {lab.listener}}},
                                   {lab.front.fd.get()})["ok"] == true);
    for (int i = 0; i < 6; ++i) {
      CHECK(lab.code(kPost) == "502");
    }
    CHECK(lab.status()["backends"][0]["state"] == "up");
  }
}

TEST_CASE("requests that fail one after another keep no check from its result") {
  std::atomic<bool> hangs{false};
  RawServer one("127.0.20.91", [&](int fd, int) {
    if (readUntil(fd, "\r\n\r\n").find("GET /check") == 0) {
      if (hangs) {
        readUntil(fd, "nothing more");
      }
      write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  Listening front("127.0.20.90");
  Worker balancer;
  auto listener = listenerFor(front, {one.address()});
  listener.healthCheck.kind = state::HealthCheckKind::kHttp;
  listener.healthCheck.path = "/check";
  listener.healthCheck.passive = false;
  listener.healthCheck.interval = milliseconds(60'000);
  listener.healthCheck.timeout = milliseconds(500);
  listener.healthCheck.fall = 2;
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  REQUIRE(balancer.waitForState("up"));
  hangs = true;
  const auto state = [&] { return balancer.status()["listeners"][0]["backends"][0]["state"]; };
  for (int i = 0; i < 400 && state() == "up"; ++i) {
    raw(front.address, kPost);
    std::this_thread::sleep_for(milliseconds(10));
  }
  CHECK(state() == "down");
}

TEST_CASE("a pool that is removed looks at its backends no more, whatever comes of its last requests") {
  auto gone = std::make_unique<Listening>("127.0.20.91");
  Listening front("127.0.20.90");
  Worker balancer;
  auto listener = listenerFor(front, {gone->address});
  listener.pools = {{"old", state::Balance::kRoundRobin, listener.backends}};
  listener.backends.clear();
  listener.rules.resize(1);
  listener.rules[0].pool = "old";
  listener.healthCheck.interval = milliseconds(100);
  listener.healthCheck.fall = 2;
  const auto apply = [&] {
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  };
  apply();
  const auto backend = [&] { return balancer.status()["listeners"][0]["backends"][0]; };
  for (int i = 0; i < 500 && backend()["state"] != "up"; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  std::string got;
  std::thread client([&] { got = raw(front.address, kPost); });
  for (int i = 0; i < 500 && backend()["active"] != 1; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  listener.pools.clear();
  listener.rules.clear();
  apply();
  gone.reset();  // resets what it has not accepted
  client.join();
  CHECK(got.find(" 502 ") != std::string::npos);
  for (int i = 0; i < 40; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    CHECK(balancer.log().find("DOWN") == std::string::npos);
  }
}

TEST_CASE("what is counted") {
  RawServer one("127.0.20.91", [](int fd, int) { answer(fd, "12345"); });
  RawServer two("127.0.20.92", [](int fd, int) {
    readUntil(fd, "hi");
    std::this_thread::sleep_for(milliseconds(30));
    write(fd, "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  Pair lab(one.address(), two.address(), true);
  const auto first = raw(lab.front.address, kGet);
  const auto second = raw(lab.front.address, kPost);
  CHECK(lab.code("GET / HTTP/1.1\r\n\r\n") == "400");
  const auto status = lab.status();
  CHECK(status["connections"] == 3);
  CHECK(status["requests"] == 3);
  CHECK(status["refused"] == 1);
  CHECK(status["codes"] == nlohmann::json{{"2xx", 1}, {"4xx", 2}});
  CHECK(status["bytesIn"] == kGet.size() + kPost.size() + 18);
  CHECK(status["bytesOut"].get<std::size_t>() > first.size() + second.size());
  CHECK(status["totalMs"].get<int>() >= 30);
  const auto backends = status["backends"];
  CHECK(backends[0]["codes"] == nlohmann::json{{"2xx", 1}});
  CHECK(backends[1]["codes"] == nlohmann::json{{"4xx", 1}});
  CHECK(backends[1]["responseMs"].get<int>() >= 30);
  CHECK(backends[1]["bytesIn"] == 64);
  CHECK(backends[1]["bytesOut"].get<int>() > 2);
  for (const auto& backend : backends) {
    CHECK(backend["requests"] == 1);
    CHECK(backend["answered"] == 1);
    CHECK(backend["connects"] == 1);
    CHECK(backend["failed"] == 0);
    CHECK(backend["active"] == 0);
  }
  CHECK(status["flips"].size() == 2);
}

TEST_CASE("what a client sends ahead is counted once, and so is a connection of a TCP listener") {
  RawServer one("127.0.20.91", [](int fd, int) { answer(fd, "12345"); });
  RawServer two("127.0.20.92", [](int fd, int) { answer(fd, "12345"); });
  Pair lab(one.address(), two.address(), true);
  const std::string ahead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + ("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + kGet);
  raw(lab.front.address, ahead);
  CHECK(lab.status()["requests"] == 3);
  CHECK(lab.status()["bytesIn"] == ahead.size());
  lab.listener.protocol = state::ListenerProtocol::kTcp;
  REQUIRE(lab.balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {lab.listener}}}, {lab.front.fd.get()})["ok"] ==
          true);
  raw(lab.front.address, kGet);
  CHECK(lab.status()["requests"] == 1);  // another listener's
}

TEST_CASE("a tunnel whose server resets it is logged as one") {
  RawServer server("127.0.20.91", [](int fd, int) {
    readUntil(fd, "more");
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  });
  Listening front("127.0.20.90");
  Worker balancer;
  auto listener = listenerFor(front, {server.address()});
  listener.protocol = state::ListenerProtocol::kTcp;
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  for (int i = 0; i < 5; ++i) {
    const auto client = connectTo(front.address);
    const std::string part(64 * 1024, 'x');
    ::send(client.get(), "more", 4, MSG_NOSIGNAL);
    while (::send(client.get(), part.data(), part.size(), MSG_NOSIGNAL) > 0) {
    }
  }
  const auto lines = [&] {
    const std::string log = balancer.log();
    return std::count(log.begin(), log.end(), '\n');
  };
  for (int i = 0; i < 500 && lines() < 6; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  CHECK(balancer.log().find(" -- ") == std::string::npos);
  CHECK(balancer.log().find(" SD ") != std::string::npos);
}

TEST_CASE("an answer in chunks whose trailers wait for room is a whole one") {
  const std::string trailers = "X-Sum: " + std::string(6000, 's') + "\r\n";
  RawServer server("127.0.20.91", [&](int fd, int index) {
    readUntil(fd, "\r\n\r\n");
    const std::string data(300'000 + static_cast<std::size_t>(index) * 1500, 'd');
    std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    std::string chunk(16, '\0');
    chunk.resize(static_cast<std::size_t>(std::snprintf(chunk.data(), chunk.size(), "%zx\r\n", data.size())));
    write(fd, head.append(chunk).append(data).append("\r\n0\r\n").append(trailers).append("\r\n"));
  });
  Listening front("127.0.20.90");
  const int small = 8 * 1024;
  ::setsockopt(front.fd.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  Worker balancer;
  auto listener = listenerFor(front, {server.address()});
  listener.healthCheck.fall = 100;
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  REQUIRE(balancer.waitForState("up"));
  for (int i = 0; i < 30; ++i) {
    CHECK(raw(front.address, kGet).find("0\r\n" + trailers + "\r\n") != std::string::npos);
  }
}

TEST_CASE("a cookie whose backend cannot be reached after all is logged as one that names a backend that is down") {
  auto leaves = std::make_unique<RawServer>("127.0.20.91", [](int fd, int) { answer(fd, "leaves"); });
  RawServer server("127.0.20.92", [](int fd, int) { answer(fd, "ok"); });
  Pair lab(leaves->address(), server.address(), false);
  lab.listener.sticky = {state::Stickiness::kInsert, "SID", std::chrono::seconds(0)};
  lab.listener.healthCheck.fall = 100;
  REQUIRE(lab.balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {lab.listener}}}, {lab.front.fd.get()})["ok"] ==
          true);
  const std::string first = raw(lab.front.address, kGet);
  REQUIRE(first.find("leaves") != std::string::npos);
  const auto from = first.find("SID=");
  const std::string cookie = first.substr(from, first.find(';', from) - from);
  leaves.reset();
  CHECK(raw(lab.front.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: " + cookie + "\r\n\r\n")
            .substr(9, 3) == "200");
  CHECK(lab.balancer.waitForLog("+1 ").find(" --DI ") != std::string::npos);
}
