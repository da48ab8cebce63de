// How sessions share one worker, and what holds from one request of a session to the next.
#include <atomic>
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

std::size_t countOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

// Answers everything on each connection, after a moment.
void answerAll(int fd, milliseconds pause) {
  while (!readUntil(fd, "\r\n\r\n").empty()) {
    std::this_thread::sleep_for(pause);
    write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }
}

state::ForwardRule away() {
  state::ForwardRule rule;
  rule.pathPrefix = "/away";
  rule.redirect = {302, "http://other.example/"};
  return rule;
}

struct Front {
  explicit Front(const std::vector<state::ListenAddress>& backends) : front("127.0.20.101") {
    listener = listenerFor(front, backends);
  }
  void apply() {
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  }
  nlohmann::json backend(std::size_t i) { return balancer.status()["listeners"][0]["backends"][i]; }
  Listening front;
  Worker balancer;
  state::Listener listener;
};

}  // namespace

TEST_CASE("who asks and takes without pause holds up nobody else") {
  RawServer server("127.0.20.102", [](int fd, int) { answerAll(fd, milliseconds(0)); });
  Front lab({server.address()});
  lab.listener.rules = {away()};
  lab.apply();
  REQUIRE(lab.balancer.waitForState("up"));
  const auto greedy = connectTo(lab.front.address);
  std::atomic<bool> stop{false};
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many += "GET /away HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  std::thread asks([&] {
    while (!stop && ::send(greedy.get(), many.data(), many.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  std::thread takes([&] {
    std::vector<char> part(1 << 20);
    while (::recv(greedy.get(), part.data(), part.size(), 0) > 0) {
    }
  });
  std::this_thread::sleep_for(milliseconds(100));
  for (int i = 0; i < 5; ++i) {
    CHECK(get(lab.front.address) == "ok");
  }
  CHECK(lab.balancer.status()["listeners"][0]["redirected"] > 0);
  stop = true;
  ::shutdown(greedy.get(), SHUT_RDWR);
  asks.join();
  takes.join();
}

TEST_CASE("a free place is the first waiter's, not of whoever asks at that moment") {
  RawServer server("127.0.20.102", [](int fd, int) { answerAll(fd, milliseconds(10)); });
  Front lab({server.address()});
  lab.listener.backends[0].maxConnections = 1;
  lab.apply();
  REQUIRE(lab.balancer.waitForState("up"));
  constexpr int kMany = 60;
  std::string many;
  for (int i = 0; i < kMany; ++i) {
    many += std::string("GET / HTTP/1.1\r\nHost: a\r\n") + (i + 1 == kMany ? "Connection: close\r\n" : "") + "\r\n";
  }
  std::atomic<bool> done{false};
  std::string got;
  std::thread first([&] {
    got = raw(lab.front.address, many);
    done = true;
  });
  std::this_thread::sleep_for(milliseconds(50));
  CHECK(get(lab.front.address) == "ok");
  CHECK_FALSE(done);
  first.join();
  CHECK(countOf(got, "HTTP/1.1 200") == kMany);
}

TEST_CASE("who waits for another backend holds up nobody for whom there is one") {
  auto first = std::make_unique<Listening>("127.0.20.103");
  const state::ListenAddress place = first->address;
  std::atomic<int> waiting{0};
  std::atomic<bool> let{false};
  RawServer held("127.0.20.102", [&](int fd, int) {
    readUntil(fd, "\r\n\r\n");
    ++waiting;
    for (int i = 0; i < 1000 && !let; ++i) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nheld");
  });
  Front lab({place, held.address()});
  lab.listener.healthCheck.interval = milliseconds(60'000);
  lab.listener.healthCheck.passive = false;
  lab.listener.healthCheck.fall = 100;
  lab.listener.backends[1].maxConnections = 1;
  lab.apply();
  REQUIRE(lab.balancer.waitForState("up"));
  first.reset();
  // The first one has the second backend; the next one has tried the first backend, and waits.
  std::vector<std::string> got(2);
  std::vector<std::thread> clients;
  for (auto& one : got) {
    clients.emplace_back([&] { one = get(lab.front.address); });
    for (int i = 0; i < 500 && waiting == 0; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
  }
  const auto queued = [&] { return lab.balancer.status()["listeners"][0]["pools"][0]["queued"]; };
  for (int i = 0; i < 500 && queued() != 1; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  CHECK(queued() == 1);
  const Listening again(place);
  std::thread answers([&] {
    const base::UniqueFd fd(::accept(again.fd.get(), nullptr, nullptr));
    readUntil(fd.get(), "\r\n\r\n");
    write(fd.get(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfirst");
  });
  CHECK(get(lab.front.address) == "first");
  let = true;
  answers.join();
  for (auto& client : clients) {
    client.join();
  }
  CHECK(got[0] == "held");
  CHECK(got[1] == "held");
}

TEST_CASE("a listener that is removed leaves no request without an answer that it has read already") {
  Front lab({});
  lab.listener.rules = {away()};
  lab.apply();
  const auto client = connectTo(lab.front.address);
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many += "GET /away HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  std::thread asks([&] {
    while (::send(client.get(), many.data(), many.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  std::atomic<std::size_t> got{0};
  std::string end;  // the last of what came
  std::thread takes([&] {
    std::vector<char> part(1 << 20);
    for (ssize_t n = 0; (n = ::recv(client.get(), part.data(), part.size(), 0)) > 0;) {
      got += static_cast<std::size_t>(n);
      end.append(part.data(), static_cast<std::size_t>(n));
      end.erase(0, end.size() - std::min<std::size_t>(end.size(), 4096));
    }
  });
  for (int i = 0; i < 500 && got < 100'000; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  REQUIRE(lab.balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {}}}, {})["ok"] == true);
  takes.join();
  ::shutdown(client.get(), SHUT_RDWR);
  asks.join();
  CHECK(end.find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("an idle connection's next request goes by the rules that are there by then") {
  RawServer server("127.0.20.102", [](int fd, int) { answerAll(fd, milliseconds(0)); });
  Front lab({server.address()});
  lab.apply();
  REQUIRE(lab.balancer.waitForState("up"));
  const auto client = connectTo(lab.front.address);
  write(client.get(), "GET /away HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(readUntil(client.get(), "ok").find("HTTP/1.1 200") == 0);
  lab.listener.rules = {away()};
  lab.apply();
  write(client.get(), "GET /away HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(readUntil(client.get(), "\r\n\r\n").find("HTTP/1.1 302") == 0);
}

TEST_CASE("a client of HTTP/1.0 is told that its connection stays, by the balancer's own answers too") {
  RawServer server("127.0.20.102", [](int fd, int) { answerAll(fd, milliseconds(0)); });
  Front lab({server.address()});
  lab.listener.rules = {away()};
  lab.apply();
  const std::string both = raw(lab.front.address,
                               "GET /away HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                               "GET /away HTTP/1.0\r\n\r\n");
  CHECK(countOf(both, "HTTP/1.1 302") == 2);
  CHECK(countOf(both, "Connection: keep-alive\r\n") == 1);
  CHECK(countOf(both, "Connection: close\r\n") == 1);
}

TEST_CASE("a retry that succeeds is logged as a success, on an idle connection too") {
  RawServer server("127.0.20.102", [](int fd, int) { answerAll(fd, milliseconds(0)); });
  auto leaves = std::make_unique<Listening>("127.0.20.103");
  Front lab({leaves->address, server.address()});
  lab.listener.healthCheck.interval = milliseconds(60'000);
  lab.listener.healthCheck.passive = false;
  lab.listener.healthCheck.fall = 100;  // each failed request asks for a check
  lab.apply();
  REQUIRE(lab.balancer.waitForState("up"));
  leaves.reset();  // which no check finds
  std::string all;
  for (int i = 0; i < 6; ++i) {
    all += getMany(lab.front.address, 1);
  }
  CHECK(all == "okokokokokok");
  for (int i = 0; i < 100 && countOf(lab.balancer.log(), "GET ") < 6; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  const std::string log = lab.balancer.log();
  CHECK(countOf(log, "/+1 ") >= 2);  // the first one on a new connection
  CHECK(log.find(" SC") == std::string::npos);
}
