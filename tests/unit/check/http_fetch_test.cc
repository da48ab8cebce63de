#include "check/http_fetch.h"

#include <array>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace vpclab;

namespace {

// A server on 127.0.0.1 that answers the first connection with `response`, whatever is asked.
std::string errorOf(const std::string& response) {
  const base::UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  REQUIRE(::bind(server.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0);
  REQUIRE(::listen(server.get(), 1) == 0);
  REQUIRE(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);

  check::HttpJob job;
  job.address = *net::IpAddr::parse("127.0.0.1");
  job.port = ntohs(at.sin_port);
  job.target = "/";
  job.hostHeader = "127.0.0.1";
  job.timeout = base::Milliseconds(5000);
  const auto start = base::Clock::now();
  check::HttpFetch fetch(job, base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0, 1, start,
                         start + job.timeout);
  fetch.step(start);
  const base::UniqueFd peer(::accept(server.get(), nullptr, nullptr));
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
