#include "http/head.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "http/fields.h"
#include "http/framing.h"
#include "http/target.h"

using namespace vpclab;
using Outcome = http::HeadParser::Outcome;

namespace {

// The status that a request is answered with for its syntax or framing; 0: accepted.
int statusOf(const std::string& bytes, http::Limits limits = {}) {
  http::HeadParser parser(limits);
  http::RequestHead head;
  switch (parser.parse(bytes, head)) {
    case Outcome::kMore:
      return -1;
    case Outcome::kBad:
      return parser.problem().status;
    case Outcome::kDone:
      break;
  }
  const auto framing = http::framingOf(head);
  return framing ? 0 : framing.error().status;
}

std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

struct Case {
  const char* section;
  std::string bytes;
  int status;
};

}  // namespace

TEST_CASE("requests are accepted or refused as RFC 9110 and RFC 9112 say") {
  const std::vector<Case> cases{
      {"9112 3 plain", get(""), 0},
      {"9112 2.2 empty line before", "\r\n" + get(""), 0},
      {"9112 2.2 three empty lines before", "\r\n\r\n\r\n" + get(""), 400},
      {"9112 2.2 bare LF ends the line", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"9112 2.2 bare LF in the middle", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
      {"9112 2.2 bare CR in a value", get("X: a\rb\r\n"), 400},
      {"9112 2.2 whitespace before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"9112 5.2 obs-fold", get("X: a\r\n b\r\n"), 400},
      {"9112 5.2 obs-fold with tab", get("X: a\r\n\tb\r\n"), 400},
      {"9112 5.1 space before the colon", get("X : a\r\n"), 400},
      {"9112 5.1 tab before the colon", get("X\t: a\r\n"), 400},
      {"9112 5 no colon", get("X\r\n"), 400},
      {"9110 5.1 empty name", get(": a\r\n"), 400},
      {"9110 5.1 name with a bracket", get("X[]: a\r\n"), 400},
      {"9110 5.5 empty value", get("X:\r\n"), 0},
      {"9110 5.5 obs-text", get("X: \xe5\x8c\x97\r\n"), 0},
      {"9110 5.5 NUL", get(std::string("X: a\0b\r\n", 8)), 400},
      {"9110 5.5 DEL", get("X: a\x7f\r\n"), 400},
      {"9112 3 two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3 tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3 space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"9112 3 no version", "GET /\r\nHost: a\r\n\r\n", 400},
      {"9112 3 space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 2.3 lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 2.3 two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
      {"9110 2.5 a higher minor version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 0},
      {"9110 15.6.6 HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"9110 15.6.6 HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
      {"9112 3 TLS to a plain port", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
      {"9112 3.1 method with a bracket", "G{T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3.1 unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"9112 3.1 endless method", std::string(100, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"9112 3.2 no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"9112 3.2 no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 0},
      {"9112 3.2 two Hosts", get("Host: a\r\n"), 400},
      {"9112 3.2 two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400},
      {"9112 3.2 empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
      {"9110 7.2 Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"9110 7.2 Host with userinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"9110 7.2 Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"9110 7.2 Host port", "GET / HTTP/1.1\r\nHost: a:8080\r\n\r\n", 0},
      {"9110 7.2 Host bad port", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400},
      {"9110 7.2 Host IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0},
      {"9112 3.2.2 absolute form", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"9112 3.2.2 absolute form with a list", "GET http://b,c/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3.2 a list of hosts", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
      {"9112 3.2.2 other scheme", "GET ftp://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3.2.3 authority form", "CONNECT b:80 HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"9112 3.2.3 authority form for GET", "GET b:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3.2.4 asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"9112 3.2.4 asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3.2 fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3.2 obs-text in the target", "GET /\xe5 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9110 8.6 length", get("Content-Length: 5\r\n"), 0},
      {"9110 8.6 sign", get("Content-Length: +5\r\n"), 400},
      {"9110 8.6 minus", get("Content-Length: -5\r\n"), 400},
      {"9110 8.6 hex", get("Content-Length: 0x5\r\n"), 400},
      {"9110 8.6 empty", get("Content-Length:\r\n"), 400},
      {"9110 8.6 spaces within", get("Content-Length: 5 5\r\n"), 400},
      {"9110 8.6 overflow", get("Content-Length: 99999999999999999999\r\n"), 400},
      {"9112 6.3 equal lengths", get("Content-Length: 5\r\nContent-Length: 5\r\n"), 0},
      {"9112 6.3 equal list", get("Content-Length: 5, 5\r\n"), 0},
      {"9112 6.3 different lengths", get("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {"9112 6.3 different list", get("Content-Length: 5, 6\r\n"), 400},
      {"9112 6.3 list with a hole", get("Content-Length: 5,\r\n"), 400},
      {"9112 6.3 chunked", get("Transfer-Encoding: chunked\r\n"), 0},
      {"9112 6.3 case", get("transfer-encoding: ChUnKeD\r\n"), 0},
      {"9112 6.3 both", get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {"9112 6.3 both, other order", get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"9112 6.3 both, zero", get("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"9112 6.1 in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"9110 5.6.1 empty element", get("Transfer-Encoding: ,chunked\r\n"), 400},
      {"9110 5.6.1 empty element behind", get("Transfer-Encoding: chunked,\r\n"), 400},
      {"9112 6.1 unknown coding", get("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"9112 6.1 not last", get("Transfer-Encoding: chunked, gzip\r\n"), 400},
      {"9112 6.1 twice", get("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"9112 6.1 twice in two fields", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"9112 6.1 empty", get("Transfer-Encoding:\r\n"), 400},
      {"9112 6.1 disguised", get("Transfer-Encoding: xchunked\r\n"), 501},
      {"9112 6.1 with vertical tab",
       get("Transfer-Encoding: \x0b"
           "chunked\r\n"),
       400},
      {"9112 6.1 identity", get("Transfer-Encoding: identity\r\n"), 501},
      {"9110 15.5.15 long target", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"9110 15.5.15 endless target", "GET /" + std::string(20000, 'a'), 414},
      {"6585 5 long field", get("X: " + std::string(20000, 'a') + "\r\n"), 431},
      {"6585 5 endless field", "GET / HTTP/1.1\r\nX: " + std::string(20000, 'a'), 431},
  };
  for (const auto& one : cases) {
    CHECK_MESSAGE(statusOf(one.bytes) == one.status, one.section);
  }
  std::string many;
  for (int i = 0; i < 127; ++i) {
    many += "X: y\r\n";
  }
  CHECK(statusOf(get(many)) == 0);
  CHECK(statusOf(get(many + "X: y\r\n")) == 431);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost: a\r\n") == -1);
}

TEST_CASE("a head is the same however it is cut") {
  const std::string bytes = "\r\nPOST /a?b HTTP/1.1\r\nHost: h\r\nX-Y:  a b\t\r\nContent-Length: 3\r\n\r\nabcGET";
  for (std::size_t cut = 0; cut < bytes.size() - 6; ++cut) {
    http::HeadParser parser;
    http::RequestHead head;
    std::string part = bytes.substr(0, cut);
    REQUIRE(parser.parse(part, head) == Outcome::kMore);
    // The buffer may move between two calls.
    const std::string whole = bytes;
    REQUIRE(parser.parse(whole, head) == Outcome::kDone);
    CHECK(parser.consumed() == bytes.size() - 6);
    CHECK(head.method == "POST");
    CHECK(head.target == "/a?b");
    REQUIRE(head.fields.size() == 3);
    CHECK(head.fields[1].name == "X-Y");
    CHECK(head.fields[1].value == "a b");
    CHECK(http::framingOf(head)->length == 3);
  }
}

TEST_CASE("a bad request line is refused before its head is complete") {
  http::HeadParser parser;
  http::RequestHead head;
  CHECK(parser.parse("GET / HTTP/3.0\r\nHost:", head) == Outcome::kBad);
  CHECK(parser.problem().status == 505);
}

TEST_CASE("responses: status line and framing") {
  const auto parse = [](const std::string& bytes, const std::string& method) -> std::string {
    http::HeadParser parser;
    http::ResponseHead head;
    const auto outcome = parser.parse(bytes, head);
    if (outcome != Outcome::kDone) {
      return outcome == Outcome::kBad ? "bad" : "more";
    }
    const auto framing = http::framingOf(head, method);
    if (!framing) {
      return "bad framing";
    }
    switch (framing->kind) {
      case http::BodyKind::kNone:
        return "none";
      case http::BodyKind::kLength:
        return "length " + std::to_string(framing->length);
      case http::BodyKind::kChunked:
        return "chunked";
      case http::BodyKind::kUntilClose:
        return "close";
    }
    return "";
  };
  CHECK(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET") == "length 5");
  CHECK(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD") == "none");
  CHECK(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET") == "none");
  CHECK(parse("HTTP/1.1 204 No Content\r\n\r\n", "GET") == "none");
  CHECK(parse("HTTP/1.1 103 Early Hints\r\n\r\n", "GET") == "none");
  CHECK(parse("HTTP/1.1 200\r\n\r\n", "GET") == "close");
  CHECK(parse("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", "GET") == "chunked");
  CHECK(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "GET") == "bad framing");
  CHECK(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "GET") == "bad framing");
  CHECK(parse("HTTP/1.1 20 OK\r\n\r\n", "GET") == "bad");
  CHECK(parse("HTTP/1.1 2000 OK\r\n\r\n", "GET") == "bad");
  CHECK(parse("HTTP/1.1 600 OK\r\n\r\n", "GET") == "bad");
  CHECK(parse("HTTP/2 200 OK\r\n\r\n", "GET") == "bad");
  CHECK(parse("HTTP/1.1 200 OK\nX: y\n\n", "GET") == "bad");
  CHECK(parse("SSH-2.0-OpenSSH\r\n", "GET") == "bad");
}

TEST_CASE("keep-alive after RFC 9112 section 9.3") {
  const auto keeps = [](const std::string& fields, int minor) {
    http::HeadParser parser;
    http::RequestHead head;
    const std::string bytes = "GET / HTTP/1." + std::to_string(minor) + "\r\nHost: a\r\n" + fields + "\r\n";
    REQUIRE(parser.parse(bytes, head) == Outcome::kDone);
    return http::keepsAlive(head);
  };
  CHECK(keeps("", 1));
  CHECK_FALSE(keeps("Connection: x, Close\r\n", 1));
  CHECK_FALSE(keeps("", 0));
  CHECK(keeps("Connection: Keep-Alive\r\n", 0));
  CHECK_FALSE(keeps("Connection: keep-alive, close\r\n", 0));
}
