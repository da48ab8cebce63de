#include <atomic>
#include <thread>

#include <doctest/doctest.h>

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

  sane = false;
  lab.listener.backends[1].disabled = true;
  REQUIRE(lab.balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {lab.listener}}}, {lab.front.fd.get()})["ok"] ==
          true);
  for (int i = 0; i < 6; ++i) {
    CHECK(lab.code(kPost) == "502");
  }
  CHECK(lab.status()["backends"][0]["state"] == "up");
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
