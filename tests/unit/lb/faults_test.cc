#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "base/clock.h"
#include "unit/lb/raw_server.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;
using std::chrono::milliseconds;

namespace {

struct Single {
  explicit Single(const std::vector<state::ListenAddress>& backends, milliseconds idle = milliseconds(5000))
      : front("127.0.20.30"), listener(listenerFor(front, backends)) {
    listener.idleTimeout = idle;
    REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  }
  std::string statusLine(const std::string& request) {
    const auto out = raw(front.address, request);
    return out.substr(0, std::min<std::size_t>(12, out.find("\r\n")));
  }
  Listening front;
  Worker balancer;
  state::Listener listener;
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("503 where nobody is reachable, and the reason is told") {
  state::ListenAddress nobody;
  {
    const Listening closed("127.0.20.31");
    nobody = closed.address;
  }
  Single lab({nobody});
  REQUIRE(lab.balancer.waitForState("down"));
  CHECK(lab.statusLine(kGet) == "HTTP/1.1 503");
  const auto backend = lab.balancer.status()["listeners"][0]["backends"][0];
  CHECK(backend["reason"] == "connect: Connection refused");
}

TEST_CASE("502 for what is no proper answer") {
  for (const std::string answer :
       {"", "SSH-2.0\r\n", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 101 X\r\n\r\n"}) {
    RawServer backend("127.0.20.32", [&](int fd, int) {
      readUntil(fd, "\r\n\r\n");
      write(fd, answer);
    });
    Single lab({backend.address()});
    CHECK_MESSAGE(lab.statusLine(kGet) == "HTTP/1.1 502", answer);
  }
}

TEST_CASE("an answer that breaks off is not passed on as a whole one") {
  RawServer backend("127.0.20.33", [](int fd, int index) {
    readUntil(fd, "\r\n\r\n");
    write(fd, index == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
                         : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  });
  Single lab({backend.address()});
  for (int i = 0; i < 2; ++i) {
    const auto out = raw(lab.front.address, kGet);
    CHECK(out.find("!reset") != std::string::npos);
    CHECK(out.find("0\r\n\r\n") == std::string::npos);
  }
}

TEST_CASE("504 where the backend is silent, 408 where the client is") {
  RawServer backend("127.0.20.34", [](int fd, int) { readUntil(fd, "never"); });
  Single lab({backend.address()}, milliseconds(300));
  CHECK(lab.statusLine(kGet) == "HTTP/1.1 504");
  CHECK(lab.statusLine("GET / HTTP/1.1\r\nHo") == "HTTP/1.1 408");
  CHECK(lab.balancer.status()["listeners"][0]["requests"] == 2);
  CHECK(lab.statusLine("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc") == "HTTP/1.1 408");
  CHECK(raw(lab.front.address, "").empty());  // an idle connection is closed without a word
}

TEST_CASE("a client that sends its head byte by byte is ended by an absolute deadline") {
  RawServer backend("127.0.20.35", [](int, int) {});
  Single lab({backend.address()}, milliseconds(400));
  const auto fd = connectTo(lab.front.address);
  const auto start = base::Clock::now();
  std::thread writer([&] {
    for (int i = 0; i < 30; ++i) {
      write(fd.get(), i == 0 ? "GET / HTTP/1.1\r\nX: " : "a");
      std::this_thread::sleep_for(milliseconds(50));
    }
  });
  const auto out = readUntil(fd.get(), "\r\n\r\n");
  CHECK(out.rfind("HTTP/1.1 408", 0) == 0);
  CHECK(base::Clock::now() - start < milliseconds(1000));
  writer.join();
}

TEST_CASE("bad requests never reach a backend") {
  std::atomic<int> reached{0};
  RawServer backend("127.0.20.36", [&](int, int) { ++reached; });
  Single lab({backend.address()});
  CHECK(lab.statusLine("GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 400");
  CHECK(lab.statusLine("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        "HTTP/1.1 400");
  CHECK(lab.statusLine("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n") == "HTTP/1.1 431");
  CHECK(lab.statusLine("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n") == "HTTP/1.1 501");
  CHECK(lab.statusLine("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n") == "HTTP/1.1 501");
  CHECK(lab.statusLine("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n") == "HTTP/1.1 417");
  CHECK(reached == 0);
}

TEST_CASE("a request goes to another backend only where that is safe") {
  // Keeps its first connection open for one answer, then ends each reused connection at the next request.
  std::atomic<int> posts{0};
  RawServer closing("127.0.20.37", [&](int fd, int) {
    readUntil(fd, "\r\n\r\n");
    write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    const auto next = readUntil(fd, "\r\n\r\n");
    posts += next.rfind("POST", 0) == 0 ? 1 : 0;
  });
  Single lab({closing.address()});
  for (int i = 0; i < 4; ++i) {
    CHECK(lab.statusLine(kGet) == "HTTP/1.1 200");  // a GET on a stale connection is sent again
    CHECK(lab.statusLine("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") ==
          "HTTP/1.1 200");
  }
  CHECK(posts == 0);  // a POST never takes a connection that may be stale
}
