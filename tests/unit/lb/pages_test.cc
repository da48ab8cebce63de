#include <doctest/doctest.h>

#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;

TEST_CASE("a page server answers what HTTP asks of it, and keeps an access log") {
  Lab lab;
  const auto& site = lab.sites[0].address;
  const std::string close = "Host: a\r\nConnection: close\r\n\r\n";
  CHECK(raw(site, "GET /index.html?x HTTP/1.1\r\n" + close) ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\ns1\n");
  CHECK(raw(site, "HEAD / HTTP/1.1\r\n" + close).substr(0, 15) == "HTTP/1.1 200 OK");
  CHECK(raw(site, "HEAD / HTTP/1.1\r\n" + close).find("\r\n\r\n") ==
        raw(site, "HEAD / HTTP/1.1\r\n" + close).size() - 4);
  CHECK(raw(site, "GET /other HTTP/1.1\r\n" + close).substr(0, 12) == "HTTP/1.1 404");
  const auto refused = raw(site, "POST / HTTP/1.1\r\nContent-Length: 3\r\n" + close + "abc");
  CHECK(refused.substr(0, 12) == "HTTP/1.1 405");
  CHECK(refused.find("Allow: GET, HEAD\r\n") != std::string::npos);
  CHECK(raw(site, "GET / HTTP/1.1\r\n\r\n").substr(0, 12) == "HTTP/1.1 400");
  CHECK(getMany(site, 300).size() == 600);
  (void)raw(site, "GET / HTTP/1.1\r\nX-Request-Id: id-7\r\nUser-Agent: u\xff\r\nX-Forwarded-For: 1.2.3.4\r\n" + close);

  const auto status = lab.pages.status()["sites"][0];
  CHECK(status["node"] == "s1");
  CHECK(status["log"].size() == 256);
  const auto last = status["log"].back();
  CHECK(last["seq"] == status["requests"]);
  CHECK(last["requestId"] == "id-7");
  CHECK(last["forwardedFor"] == "1.2.3.4");
  CHECK(last["status"] == 200);
  CHECK(last["bytes"] == 3);
  CHECK(last["method"] == "GET");
}
