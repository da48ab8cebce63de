#include "lb/rewrite.h"

#include <doctest/doctest.h>

using namespace vpclab;

namespace {

std::string forwarded(const std::string& bytes, lb::RequestRewrite how = {}) {
  http::HeadParser parser;
  http::RequestHead head;
  REQUIRE(parser.parse(bytes, head) == http::HeadParser::Outcome::kDone);
  how.framing = *http::framingOf(head);
  how.upgrade = lb::asksForUpgrade(head, how.framing);
  std::string out;
  lb::writeRequestHead(head, how, out);
  return out;
}

std::string returned(const std::string& bytes, const lb::ResponseRewrite& how) {
  http::HeadParser parser;
  http::ResponseHead head;
  REQUIRE(parser.parse(bytes, head) == http::HeadParser::Outcome::kDone);
  std::string out;
  lb::writeResponseHead(head, how, out);
  return out;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a request's head: hop-by-hop fields go, what is end to end stays") {
  const auto out = forwarded(
      "GET /a HTTP/1.1\r\nhost: h\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
      "Proxy-Connection: x\r\nAccept: */*\r\n\r\n");
  CHECK(out == "GET /a HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nVia: 1.1 vpclab\r\n\r\n");
}

TEST_CASE("whatever Connection lists is of this hop, what has a meaning there too") {
  CHECK(forwarded("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nClose: 1\r\nX: 2\r\n\r\n") ==
        "GET / HTTP/1.1\r\nHost: h\r\nX: 2\r\nVia: 1.1 vpclab\r\n\r\n");
}

TEST_CASE("fields are passed on in the usual form, however much whitespace they came with") {
  const auto out =
      forwarded("GET /a HTTP/1.1\r\nhost: h\r\nA:1\r\nB:\t2\r\nC:  3\r\nD: 4 \r\nE:\r\nF: \r\nG: 5\r\nH:6 7\r\n\r\n");
  CHECK(out ==
        "GET /a HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: \r\nF: \r\nG: 5\r\nH: 6 7\r\n"
        "Via: 1.1 vpclab\r\n\r\n");
}

TEST_CASE("a client can neither delete nor forge what we add") {
  lb::RequestRewrite how;
  how.client = "10.0.0.9";
  how.proto = "http";
  const auto out = forwarded(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: X-Forwarded-For, Host, Via, Content-Length\r\n"
      "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nVia: 1.0 first\r\nContent-Length: 3\r\n\r\n",
      how);
  CHECK(has(out, "X-Forwarded-For: 1.2.3.4, 10.0.0.9\r\n"));
  CHECK(has(out, "X-Forwarded-Proto: http\r\n"));
  CHECK_FALSE(has(out, "https"));
  CHECK(has(out, "Via: 1.0 first\r\nX-"));
  CHECK(has(out, "Via: 1.1 vpclab\r\nContent-Length: 3\r\n\r\n"));
}

TEST_CASE("targets and hosts, RFC 9112 section 3.2.2") {
  CHECK(has(forwarded("GET http://b:8080/x?y HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /x?y HTTP/1.1\r\nHost: b:8080\r\n"));
  CHECK(has(forwarded("GET http://b?y HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /?y HTTP/1.1\r\nHost: b\r\n"));
  CHECK(has(forwarded("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n"), "OPTIONS * HTTP/1.1\r\nHost: b\r\n"));
  CHECK(has(forwarded("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "OPTIONS * HTTP/1.1\r\nHost: a\r\n"));
  lb::RequestRewrite how;
  how.fallbackHost = "10.0.0.1";
  CHECK(has(forwarded("GET / HTTP/1.0\r\n\r\n", how), "HTTP/1.1\r\nHost: 10.0.0.1\r\nVia: 1.0 vpclab\r\n"));
}

TEST_CASE("Upgrade passes only when it is asked for properly") {
  CHECK(has(forwarded("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
            "Connection: upgrade\r\nUpgrade: websocket\r\n"));
  CHECK_FALSE(has(forwarded("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"), "pgrade"));
  CHECK_FALSE(has(forwarded("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"), "pgrade"));
  CHECK_FALSE(has(forwarded("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                            "Content-Length: 1\r\n\r\n"),
                  "pgrade"));
}

TEST_CASE("a response's head") {
  lb::ResponseRewrite how;
  how.body = http::BodyKind::kChunked;
  CHECK(returned("HTTP/1.0 200 Fine\r\nConnection: x-y\r\nX-Y: 1\r\nServer: s\r\n\r\n", how) ==
        "HTTP/1.1 200 Fine\r\nServer: s\r\nTransfer-Encoding: chunked\r\n\r\n");
  how = {};
  how.method = "HEAD";
  how.keepAlive = false;
  CHECK(returned("HTTP/1.1 200 OK\r\nContent-Length: 7, 7\r\n\r\n", how) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n");
  CHECK(returned("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", {}) == "HTTP/1.1 204 No Content\r\n\r\n");
}
