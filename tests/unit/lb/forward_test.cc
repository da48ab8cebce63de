#include <algorithm>
#include <cstdio>
#include <thread>

#include <doctest/doctest.h>

#include "base/file.h"
#include "http/blocking.h"
#include "unit/lb/raw_server.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;
using base::Deadline;
using std::chrono::milliseconds;

TEST_CASE("round robin is exact: twelve connections, one connection, twelve at once") {
  Lab lab;
  std::string out;
  for (int i = 0; i < 12; ++i) {
    out += get(lab.front.address);
  }
  CHECK(out == "s1s2s3s1s2s3s1s2s3s1s2s3");
  CHECK(getMany(lab.front.address, 12) == "s1s2s3s1s2s3s1s2s3s1s2s3");

  std::vector<std::string> got(12);
  std::vector<std::thread> threads;
  for (auto& one : got) {
    threads.emplace_back([&] { one = get(lab.front.address); });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  for (const char* page : {"s1", "s2", "s3"}) {
    CHECK(std::count(got.begin(), got.end(), page) == 4);
  }
  // What curl sees, which shares no code with us.
  const std::string url = lab.front.address.address.toString() + ":" + std::to_string(lab.front.address.port);
  FILE* curl = ::popen(("curl -s http://" + url + "/ http://" + url + "/ http://" + url + "/").c_str(), "r");
  REQUIRE(curl != nullptr);
  std::string text(100, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), curl));
  CHECK(::pclose(curl) == 0);
  CHECK(text == "s1\ns2\ns3\n");
}

TEST_CASE("pipelined requests are answered in order") {
  Lab lab;
  const std::string one = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto out = raw(lab.front.address, one + one + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto first = out.find("\r\n\r\ns1\n");
  const auto second = out.find("\r\n\r\ns2\n");
  const auto third = out.find("\r\n\r\ns3\n");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != std::string::npos);
}

TEST_CASE("large bodies both ways, of known length and chunked, arrive whole") {
  constexpr std::size_t kSize = 8U << 20U;
  // Echoes each request's body, chunked where the request was.
  RawServer backend("127.0.20.11", [](int fd, int) {
    http::Connection connection(fd);
    for (;;) {
      const auto deadline = Deadline::after(milliseconds(20'000));
      auto request = connection.readRequest(64U << 20U, deadline);
      if (!request) {
        return;
      }
      if (request->header("transfer-encoding") == nullptr) {
        (void)connection.writeResponse({200, "", 1, {}, request->body}, deadline);
        continue;
      }
      (void)connection.beginResponse({200, "", 1, {}, ""}, deadline);
      for (std::size_t at = 0; at < request->body.size(); at += 70'001) {
        (void)connection.writeChunk(request->body.substr(at, 70'001), deadline);
      }
      (void)connection.endResponse(deadline);
    }
  });
  Listening front("127.0.20.12");
  Worker balancer;
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listenerFor(front, {backend.address()})}}},
                             {front.fd.get()})["ok"] == true);
  std::string body(kSize, '\0');
  for (std::size_t i = 0; i < kSize; ++i) {
    body[i] = static_cast<char>(base::Clock::now().time_since_epoch().count() * 31 + i * 7);
  }
  const auto fd = connectTo(front.address);
  http::Connection connection(fd.get());
  const auto deadline = Deadline::after(milliseconds(30'000));
  // The request is written while the response is read, or a slow reader would hold back both.
  std::thread writer([&] { (void)connection.writeRequest({"POST", "/", 1, {{"Host", "a"}}, body}, deadline); });
  const auto response = connection.readResponse("POST", 64U << 20U, deadline);
  writer.join();
  REQUIRE_MESSAGE(response, response.error().message());
  CHECK(response->body == body);

  const auto chunkedFd = connectTo(front.address);
  http::Connection chunked(chunkedFd.get());
  std::thread chunkWriter([&] {
    (void)base::writeAll(chunkedFd.get(), "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < kSize; at += 99'991) {
      const std::string part = body.substr(at, 99'991);
      (void)base::writeAll(chunkedFd.get(), http::chunkHeader(part.size()) + part + "\r\n");
    }
    (void)base::writeAll(chunkedFd.get(), http::kLastChunk);
  });
  const auto echoed = chunked.readResponse("PUT", 64U << 20U, deadline);
  chunkWriter.join();
  REQUIRE_MESSAGE(echoed, echoed.error().message());
  CHECK(echoed->body == body);
  CHECK(chunked.keepsAlive());
}

TEST_CASE("100-continue, interim responses, HEAD, until-close bodies and Upgrade") {
  RawServer backend("127.0.20.13", [](int fd, int) {
    const auto head = readUntil(fd, "\r\n\r\n");
    if (head.find("Expect: 100-continue") != std::string::npos) {
      write(fd, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
      readUntil(fd, "body");
      write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    } else if (head.rfind("HEAD", 0) == 0) {
      write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n");
    } else if (head.find("Upgrade: echo") != std::string::npos) {
      write(fd, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi ");
      write(fd, readUntil(fd, "."));
    } else {
      write(fd, "HTTP/1.0 200 OK\r\n\r\nuntil close");
    }
  });
  Listening front("127.0.20.14");
  Worker balancer;
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listenerFor(front, {backend.address()})}}},
                             {front.fd.get()})["ok"] == true);
  const auto fd = connectTo(front.address);
  write(fd.get(),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  CHECK(readUntil(fd.get(), "\r\n\r\n") == "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  CHECK(readUntil(fd.get(), "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  write(fd.get(), "body");
  CHECK(readUntil(fd.get(), "\r\n\r\nok").find("200 OK") != std::string::npos);

  CHECK(raw(front.address, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n");
  CHECK(raw(front.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nb\r\nuntil close\r\n0\r\n\r\n");
  CHECK(raw(front.address, "GET / HTTP/1.0\r\n\r\n") == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil close");
  // What comes ahead of the 101 waits for it.
  CHECK(raw(front.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly.") ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nhi early.");
}

TEST_CASE("a TCP listener passes bytes and both ends") {
  RawServer backend("127.0.20.15", [](int fd, int) { write(fd, "got " + readUntil(fd, "!")); });
  Listening front("127.0.20.16");
  Worker balancer;
  auto listener = listenerFor(front, {backend.address()});
  listener.protocol = state::ListenerProtocol::kTcp;
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  CHECK(raw(front.address, std::string("\0\x16 not HTTP!", 12)) == std::string("got \0\x16 not HTTP!", 16));
}
