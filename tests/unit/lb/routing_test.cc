#include "lb/routing.h"

#include <doctest/doctest.h>

using namespace vpclab;

namespace {

http::RequestHead parsed(const std::string& bytes) {
  static std::string kept;  // the head is views into it
  kept = bytes;
  http::HeadParser parser;
  http::RequestHead head;
  REQUIRE(parser.parse(kept, head) == http::HeadParser::Outcome::kDone);
  return head;
}

bool fits(const state::ForwardRule& rule, const std::string& target, const std::string& fields,
          const char* client = "10.1.2.3") {
  const auto head = parsed("GET " + target + " HTTP/1.1\r\n" + fields + "\r\n");
  return lb::firstThatFits({rule}, lb::askedOf(head, *net::IpAddr::parse(client))) != nullptr;
}

state::ForwardRule host(const char* text) {
  state::ForwardRule rule;
  rule.host = text;
  return rule;
}
state::ForwardRule path(const char* text) {
  state::ForwardRule rule;
  rule.path = text;
  return rule;
}
state::ForwardRule prefix(const char* text) {
  state::ForwardRule rule;
  rule.pathPrefix = text;
  return rule;
}

}  // namespace

TEST_CASE("by host: any case, without port, names below it") {
  CHECK(fits(host("a.example"), "/", "Host: a.example\r\n"));
  CHECK(fits(host("a.example"), "/", "Host: A.Example:8080\r\n"));
  CHECK(fits(host("a.example"), "/", "Host: a.example.\r\n"));
  CHECK_FALSE(fits(host("a.example"), "/", "Host: b.a.example\r\n"));
  CHECK(fits(host("*.a.example"), "/", "Host: b.a.example\r\n"));
  CHECK(fits(host("*.a.example"), "/", "Host: c.b.a.example:80\r\n"));
  CHECK_FALSE(fits(host("*.a.example"), "/", "Host: a.example\r\n"));
  CHECK_FALSE(fits(host("*.a.example"), "/", "Host: ba.example\r\n"));
  CHECK_FALSE(fits(host("*.a.example"), "/", "Host: .a.example.evil\r\n"));
  // An absolute target overrules Host: RFC 9112 section 3.2.2.
  CHECK(fits(host("a.example"), "http://a.example:81/", "Host: b.example\r\n"));
  CHECK_FALSE(fits(host("b.example"), "http://a.example/", "Host: b.example\r\n"));
}

TEST_CASE("by path: the query is no part of it, and a prefix ends between segments") {
  CHECK(fits(path("/x"), "/x?y=/z", "Host: a\r\n"));
  CHECK_FALSE(fits(path("/x"), "/x/", "Host: a\r\n"));
  CHECK_FALSE(fits(path("/x"), "/%78", "Host: a\r\n"));
  CHECK(fits(path("/"), "http://a?q", "Host: a\r\n"));
  CHECK(fits(path("/x"), "http://a/x?q", "Host: a\r\n"));
  CHECK(fits(prefix("/api"), "/api", "Host: a\r\n"));
  CHECK(fits(prefix("/api"), "/api?x", "Host: a\r\n"));
  CHECK(fits(prefix("/api"), "/api/v1", "Host: a\r\n"));
  CHECK_FALSE(fits(prefix("/api"), "/apix", "Host: a\r\n"));
  CHECK_FALSE(fits(prefix("/api"), "/?/api", "Host: a\r\n"));
  CHECK(fits(prefix("/api/"), "/api/v1", "Host: a\r\n"));
  CHECK_FALSE(fits(prefix("/api/"), "/api", "Host: a\r\n"));
  CHECK(fits(prefix("/"), "/anything", "Host: a\r\n"));
}

TEST_CASE("by header and source; all conditions at once; the first rule that fits") {
  state::ForwardRule rule;
  rule.headerName = "X-Version";
  CHECK(fits(rule, "/", "Host: a\r\nx-version: 1\r\n"));
  CHECK_FALSE(fits(rule, "/", "Host: a\r\n"));
  rule.headerValue = "2";
  CHECK_FALSE(fits(rule, "/", "Host: a\r\nX-Version: 1\r\n"));
  CHECK(fits(rule, "/", "Host: a\r\nX-Version: 1\r\nX-Version: 2\r\n"));
  rule.source = net::Prefix::parse("10.1.0.0/16");
  CHECK(fits(rule, "/", "Host: a\r\nX-Version: 2\r\n"));
  CHECK_FALSE(fits(rule, "/", "Host: a\r\nX-Version: 2\r\n", "10.2.0.1"));
  CHECK(fits({}, "/", "Host: a\r\n"));

  const auto head = parsed("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::vector<state::ForwardRule> rules{host("b"), path("/x"), prefix("/")};
  CHECK(lb::firstThatFits(rules, lb::askedOf(head, {})) == &rules[1]);
  // A TCP connection has a source and nothing else.
  CHECK(lb::firstThatFits(rules, {{}, {}, nullptr, {}}) == nullptr);
}

TEST_CASE("where a redirect leads") {
  const auto location = [](const state::Redirect& redirect, const std::string& target) {
    return lb::locationOf(redirect, parsed("OPTIONS " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"));
  };
  CHECK(location({301, "https://b/c", false}, "/x?y") == "https://b/c");
  CHECK(location({301, "https://b", true}, "/x?y") == "https://b/x?y");
  CHECK(location({301, "https://b", true}, "http://a/x?y") == "https://b/x?y");
  CHECK(location({301, "https://b", true}, "http://a?y") == "https://b/?y");
  CHECK(location({301, "https://b", true}, "*") == "https://b/");
  CHECK(location({301, "/new", true}, "//evil.example/") == "/new//evil.example/");
}
