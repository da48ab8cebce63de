#include "check/http_fetch.h"

#include <array>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace vpclab;

namespace {

// A server on 127.0.0.1, and what asks it.
struct Server {
  base::UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  check::HttpJob job;

  Server() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0);
    REQUIRE(::listen(fd.get(), 1) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    job.address = *net::IpAddr::parse("127.0.0.1");
    job.port = ntohs(at.sin_port);
    job.hostHeader = "127.0.0.1";
    job.timeout = base::Milliseconds(5000);
  }
};

// It answers the first connection with `response`, whatever is asked.
std::string errorOf(const std::string& response) {
  const Server server;
  const check::HttpJob& job = server.job;
  const auto start = base::Clock::now();
  check::HttpFetch fetch(job, base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0, 1, start,
                         start + job.timeout);
  fetch.step(start);
  const base::UniqueFd peer(::accept(server.fd.get(), nullptr, nullptr));
  REQUIRE(peer.valid());
  REQUIRE(::send(peer.get(), response.data(), response.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(response.size()));
  while (!fetch.step(base::Clock::now())) {
    std::vector<pollfd> entries;
    fetch.wishes(entries);
    ::poll(entries.data(), entries.size(), 10);
  }
  const auto [first, results] = fetch.takeResults();
  CHECK(first == 0);
  REQUIRE(results.size() == 1);
  return results.front().reply.error;
}

std::string interim(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += "HTTP/1.1 103 Early Hints\r\n\r\n";
  }
  return out;
}

const std::string kFinal = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

}  // namespace

TEST_CASE("heads before the final one are dropped, up to 32") {
  CHECK(errorOf(kFinal) == "");
  CHECK(errorOf(interim(32) + kFinal) == "");
  CHECK(errorOf(interim(33) + kFinal) == "bad response: more than 32 heads before the final one");
}

TEST_CASE("a request that the end of them all has cut short does not tell that end as its own time") {
  const Server server;
  std::vector<base::UniqueFd> peers;
  const auto start = base::Clock::now();
  const auto errorAt = [&](base::Milliseconds begin, base::Milliseconds end, bool connect) {
    check::HttpFetch fetch(server.job, base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0, 1,
                           start + begin, start + base::Milliseconds(6000));
    if (connect) {
      fetch.step(start + begin);
      peers.emplace_back(::accept(server.fd.get(), nullptr, nullptr));
      fetch.step(start + begin);
    }
    REQUIRE(fetch.step(start + end));
    const auto [first, results] = fetch.takeResults();
    REQUIRE(results.size() == 1);
    return results.front().reply.error;
  };
  CHECK(errorAt(base::Milliseconds(0), base::Milliseconds(5000), true) == "no whole response within 5000 ms");
  CHECK(errorAt(base::Milliseconds(5998), base::Milliseconds(6000), true) ==
        "no whole response before the time for all requests was over");
  CHECK(errorAt(base::Milliseconds(6003), base::Milliseconds(6003), false) ==
        "not asked: the time for all requests was over");
}

// The next request on a connection begins when the last answer has come, which may be behind the end.
TEST_CASE("a request on a lasting connection whose turn comes behind the end was not asked") {
  Server server;
  server.job.keepAlive = true;
  server.job.times = 2;
  const auto start = base::Clock::now();
  check::HttpFetch fetch(server.job, base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0, 2, start,
                         start + base::Milliseconds(1000));
  fetch.step(start);
  const base::UniqueFd peer(::accept(server.fd.get(), nullptr, nullptr));
  fetch.step(start);
  REQUIRE(::send(peer.get(), kFinal.data(), kFinal.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(kFinal.size()));
  REQUIRE(fetch.step(start + base::Milliseconds(1003)));
  const auto [first, results] = fetch.takeResults();
  REQUIRE(results.size() == 2);
  CHECK(results[0].reply.status == 200);
  CHECK(results[1].reply.error == "not asked: the time for all requests was over");
}
