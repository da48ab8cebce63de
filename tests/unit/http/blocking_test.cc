#include "http/blocking.h"

#include <array>
#include <functional>
#include <thread>

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/unique_fd.h"

using namespace vpclab;
using base::Deadline;
using std::chrono::milliseconds;

namespace {

struct Pair {
  base::UniqueFd server;
  base::UniqueFd client;
};

Pair makePair() {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

Deadline soon() {
  return Deadline::after(milliseconds(5000));
}

}  // namespace

TEST_CASE("two requests on one connection, with bodies both ways") {
  Pair pair = makePair();
  const std::string large(1'000'000, 'x');
  std::thread server([&] {
    http::Connection connection(pair.server.get());
    for (int i = 0; i < 2; ++i) {
      auto request = connection.readRequest(2'000'000, soon());
      if (!request) {
        return;
      }
      (void)connection.writeResponse({201, "", 1, {{"X-Target", request->target}}, request->body}, soon());
    }
  });
  http::Connection connection(pair.client.get());
  for (int i = 0; i < 2; ++i) {
    REQUIRE(connection.writeRequest({"POST", "/v1/labs", 1, {{"Host", "vpclab"}}, large}, soon()));
    const auto response = connection.readResponse("POST", 2'000'000, soon());
    REQUIRE_MESSAGE(response, response.error().message());
    CHECK(response->status == 201);
    CHECK(*response->header("x-target") == "/v1/labs");
    CHECK(response->body == large);
    CHECK(connection.keepsAlive());
  }
  server.join();
}

TEST_CASE("lines are streamed as chunks, however they are cut") {
  Pair pair = makePair();
  std::thread server([&] {
    http::Connection connection(pair.server.get());
    if (connection.readRequest(0, soon())) {
      (void)connection.beginResponse({200, "", 1, {{"Content-Type", "application/x-ndjson"}}, ""}, soon());
      for (const char* part : {"{\"a\":", "1}\n{\"b\":2}\n", "", "last"}) {
        (void)connection.writeChunk(part, soon());
      }
      (void)connection.endResponse(soon());
    }
  });
  http::Connection connection(pair.client.get());
  REQUIRE(connection.writeRequest({"GET", "/events", 1, {{"Host", "vpclab"}}, ""}, soon()));
  REQUIRE(connection.readResponseHead("GET", soon()));
  for (const char* expected : {"{\"a\":1}", "{\"b\":2}", "last"}) {
    const auto line = connection.readLine(100, soon());
    REQUIRE(line);
    REQUIRE(line->has_value());
    CHECK(**line == expected);
  }
  const auto end = connection.readLine(100, soon());
  REQUIRE(end);
  CHECK_FALSE(end->has_value());
  CHECK(connection.keepsAlive());
  server.join();
}

TEST_CASE("what is refused is answered with its status") {
  const auto answerTo = [](const std::string& bytes, std::size_t maxBody) {
    Pair pair = makePair();
    REQUIRE(base::writeAll(pair.client.get(), bytes));
    http::Connection connection(pair.server.get());
    CHECK_FALSE(connection.readRequest(maxBody, Deadline::after(milliseconds(50))));
    REQUIRE(connection.refuse(soon()));
    http::Connection client(pair.client.get());
    const auto response = client.readResponse("GET", 1000, Deadline::after(milliseconds(50)));
    return response ? response->status : 0;
  };
  CHECK(answerTo("GET / HTTP/1.1\r\n\r\n", 0) == 400);
  CHECK(answerTo("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", 9) == 413);
  CHECK(answerTo("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + std::string(255, 'x'), 99) ==
        413);
  CHECK(answerTo("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", 99) == 400);
  CHECK(answerTo("GET / HTTP/1.1\r\nHost", 99) == 408);
  CHECK(answerTo("", 99) == 0);
}

TEST_CASE("errors tell what happened") {
  SUBCASE("closed before a message") {
    Pair pair = makePair();
    pair.client.reset();
    http::Connection connection(pair.server.get());
    CHECK(connection.readRequest(0, soon()).error().kind() == base::ErrorKind::kNotFound);
  }
  SUBCASE("closed in the middle of a body") {
    Pair pair = makePair();
    REQUIRE(base::writeAll(pair.server.get(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
    pair.server.reset();
    http::Connection connection(pair.client.get());
    CHECK(connection.readResponse("GET", 100, soon()).error().kind() == base::ErrorKind::kProtocol);
  }
  SUBCASE("a deadline") {
    Pair pair = makePair();
    http::Connection connection(pair.client.get());
    CHECK(connection.readResponse("GET", 100, Deadline::after(milliseconds(20))).error().kind() ==
          base::ErrorKind::kTimeout);
  }
  SUBCASE("a line without end") {
    Pair pair = makePair();
    REQUIRE(
        base::writeAll(pair.server.get(), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')));
    http::Connection connection(pair.client.get());
    REQUIRE(connection.readResponseHead("GET", soon()));
    CHECK(connection.readLine(100, soon()).error().kind() == base::ErrorKind::kLimit);
  }
  SUBCASE("a header that would break out of its line") {
    Pair pair = makePair();
    http::Connection connection(pair.client.get());
    CHECK(connection.writeRequest({"GET", "/", 1, {{"Host", "a\r\nX: y"}}, ""}, soon()).error().kind() ==
          base::ErrorKind::kInvalid);
    CHECK_FALSE(connection.writeRequest({"GET", "/ x", 1, {{"Host", "a"}}, ""}, soon()));
  }
}

TEST_CASE("fetch skips interim responses and reads until close") {
  Pair pair = makePair();
  REQUIRE(base::writeAll(pair.server.get(), "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 200 OK\r\n\r\nhello"));
  REQUIRE(::shutdown(pair.server.get(), SHUT_WR) == 0);
  const auto response = http::fetch(pair.client.get(), {}, 100, soon());
  REQUIRE_MESSAGE(response, response.error().message());
  CHECK(response->body == "hello");
}
