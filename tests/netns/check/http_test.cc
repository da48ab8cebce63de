#include <doctest/doctest.h>
#include <sys/socket.h>

#include "check/probe_client.h"
#include "web.h"
#include "world.h"

using namespace vpclab;
using namespace vpclab::check;
using namespace std::chrono_literals;

namespace {

HttpReplies get(const World& world, HttpJob job) {
  auto probes = ProbeClient::start({VPCLAB_TEST_PROBE_WORKER, 65534});
  REQUIRE(probes);
  std::vector<base::UniqueFd> sockets;
  job.sockets.clear();
  for (std::size_t i = 0; i < (job.keepAlive ? 1 : job.times); ++i) {
    job.sockets.push_back(i);
    sockets.push_back(world.socket("client", SOCK_STREAM, 0));
  }
  job.address = address("10.3.0.2");
  job.hostHeader = "10.3.0.2";
  REQUIRE(probes->submit({{1, job}}, std::move(sockets), base::Deadline::after(5s)));
  auto reply = probes->wait(base::Deadline::after(20s));
  REQUIRE(reply);
  REQUIRE(reply->has_value());
  REQUIRE(std::holds_alternative<HttpReplies>((*reply)->reply));
  auto replies = std::get<HttpReplies>((*reply)->reply);
  REQUIRE(replies.answers.size() == job.times);
  return replies;
}

std::string bodyOf(const HttpReplies& replies, std::size_t i) {
  const auto& body = replies.answers.at(i).body;
  return body ? replies.bodies.at(*body) : "(none)";
}

}  // namespace

TEST_CASE("pages come over new connections, one connection and all at once, each with its own request id") {
  const World world;
  const Web web(world.socket("server", SOCK_STREAM, 0), 80,
                [](unsigned n, const std::string&) { return response("page \xff " + std::to_string(n % 3)); });
  REQUIRE(world.exec("client", "curl -sf --max-time 5 http://10.3.0.2/") == 0);
  const unsigned before = web.connections();
  HttpJob job;
  job.times = 6;
  job.requestIdPrefix = "test";
  SUBCASE("new") {
    const auto replies = get(world, job);
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(replies.answers[i].error.empty());
      CHECK(replies.answers[i].status == 200);
      CHECK(bodyOf(replies, i) == "page \xff " + std::to_string((i + 1) % 3));
    }
    CHECK(replies.bodies.size() == 3);
    CHECK(web.connections() - before == 6);
    CHECK(web.ids() == std::vector<std::string>{"test-0", "test-1", "test-2", "test-3", "test-4", "test-5"});
  }
  SUBCASE("keep-alive") {
    job.keepAlive = true;
    const auto replies = get(world, job);
    CHECK(bodyOf(replies, 5) == "page \xff 0");
    CHECK(web.connections() - before == 1);
    CHECK(web.ids().size() == 6);
  }
  SUBCASE("parallel") {
    job.parallel = true;
    const auto replies = get(world, job);
    for (const auto& answer : replies.answers) {
      CHECK(answer.status == 200);
    }
    CHECK(web.connections() - before == 6);
    CHECK(web.ids().size() == 6);
  }
}

TEST_CASE("what a server does wrong is an error with its name") {
  const World world;
  std::string bytes;
  std::string error;
  HttpJob job;
  bool closes = true;
  SUBCASE("a bare line feed") {
    bytes = "HTTP/1.1 200 OK\nContent-Length: 0\n\n";
    error = "bad response";
  }
  SUBCASE("two lengths") {
    bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    error = "bad response";
  }
  SUBCASE("more than was announced") {
    bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab";
    error = "bytes behind its end";
  }
  SUBCASE("less than was announced") {
    bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab";
    error = "closed the connection within its response";
  }
  SUBCASE("a chunk cut short") {
    bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab";
    error = "closed the connection within its response";
  }
  SUBCASE("too much") {
    job.keepAlive = true;
    job.times = 1000;
    bytes = response(std::string(bodyLimit(job) + 1, 'x'));
    error = "a body of more than " + std::to_string(bodyLimit(job)) + " bytes";
  }
  SUBCASE("an upgrade that nobody asked for") {
    bytes = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    error = "101";
  }
  SUBCASE("nothing") {
    closes = false;
    job.timeout = 300ms;
    error = "no whole response within 300 ms";
  }
  SUBCASE("an end without a word") {
    error = "closed the connection without a response";
  }
  const Web web(
      world.socket("server", SOCK_STREAM, 0), 80, [&](unsigned, const std::string&) { return bytes; }, closes);
  const auto replies = get(world, job);
  CHECK(replies.answers[0].connected);
  CHECK(replies.answers[0].status == 0);
  CHECK(replies.answers[0].error.find(error) != std::string::npos);
  INFO(replies.answers[0].error);
  CHECK_FALSE(replies.answers[0].body.has_value());
}

TEST_CASE("a large page that comes again and again on one connection is held once") {
  const World world;
  const std::string page(kMaxBodyBytes, 'x');
  const Web web(
      world.socket("server", SOCK_STREAM, 0), 80, [&](unsigned, const std::string&) { return response(page); }, false);
  HttpJob job;
  job.times = 70;
  job.keepAlive = true;
  const auto replies = get(world, job);
  for (const auto& answer : replies.answers) {
    REQUIRE(answer.error == "");
    CHECK(answer.body == std::size_t{0});
  }
  REQUIRE(replies.bodies.size() == 1);
  CHECK(replies.bodies[0] == page);
}

TEST_CASE("bodies of every framing arrive whole") {
  const World world;
  std::string bytes;
  SUBCASE("chunked, behind an interim response") {
    bytes =
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nwh\r\n3;x=y\r\nole\r\n0\r\n\r\n";
  }
  SUBCASE("until close") {
    bytes = "HTTP/1.0 200 OK\r\n\r\nwhole";
  }
  const auto answer = [&](unsigned, const std::string&) { return bytes; };
  const Web web(world.socket("server", SOCK_STREAM, 0), 80, answer, true);
  const auto replies = get(world, {});
  CHECK(replies.answers[0].error == "");
  CHECK(bodyOf(replies, 0) == "whole");
}

TEST_CASE("no connection is told as the kernel tells it") {
  const World world;
  HttpJob job;
  CHECK(get(world, job).answers[0].error == "connect: Connection refused");
  job.timeout = 300ms;
  REQUIRE(world.ip("r1", "route replace blackhole 10.3.0.0/24") == 0);
  job.times = 2;
  job.deadline = 400ms;
  const auto silent = get(world, job);
  CHECK(silent.answers[0].error == "connect: no connection within 300 ms");
  CHECK_FALSE(silent.answers[0].connected);
  CHECK(silent.answers[1].status == 0);
  REQUIRE(world.ip("r1", "route replace unreachable 10.3.0.0/24") == 0);
  CHECK(get(world, job).answers[0].error == "connect: No route to host");
  REQUIRE(world.ip("client", "route del default") == 0);
  CHECK(get(world, job).answers[0].error == "connect: Network is unreachable");
}
