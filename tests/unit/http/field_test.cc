#include "http/field.h"

#include <array>
#include <string>

#include <doctest/doctest.h>

#include "http/chars.h"
#include "http/fields.h"
#include "http/head.h"

using namespace vpclab::http;

namespace {

// Byte by byte, by the table of ASCII.
char lowered(char c) {
  static constexpr std::string_view kCapitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  static constexpr std::string_view kSmall = "abcdefghijklmnopqrstuvwxyz";
  const auto at = kCapitals.find(c);
  return at == std::string_view::npos ? c : kSmall[at];
}

RequestHead parsed(const std::string& bytes) {
  static std::string kept;
  kept = bytes;
  HeadParser parser;
  RequestHead head;
  REQUIRE(parser.parse(kept, head) == HeadParser::Outcome::kDone);
  return head;
}

}  // namespace

TEST_CASE("names are compared without regard to case, and to nothing else") {
  // At each place of texts of each length, any byte beside any other.
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string one(size, 'k');
      std::string other(size, 'K');
      for (int a = 0; a < 256; ++a) {
        one[at] = static_cast<char>(a);
        for (const int b : {a, a ^ 0x20, a ^ 0x80, a + 1, a - 1}) {
          other[at] = static_cast<char>(b);
          CHECK(equalsIgnoringCase(one, other) == (lowered(one[at]) == lowered(other[at])));
        }
      }
    }
  }
  CHECK_FALSE(equalsIgnoringCase("connection", "connections"));
  CHECK(equalsIgnoringCase("", ""));
}

TEST_CASE("a field's kind is told by its whole name, in any case") {
  using enum FieldKind;
  struct Known {
    std::string_view name;
    FieldKind kind;
  };
  static constexpr std::array<Known, 15> kKnown{{{"Connection", kConnection},
                                                 {"Content-Length", kContentLength},
                                                 {"Cookie", kCookie},
                                                 {"Expect", kExpect},
                                                 {"Host", kHost},
                                                 {"Max-Forwards", kMaxForwards},
                                                 {"Set-Cookie", kSetCookie},
                                                 {"Transfer-Encoding", kTransferEncoding},
                                                 {"Upgrade", kUpgrade},
                                                 {"TE", kOtherHopByHop},
                                                 {"Keep-Alive", kOtherHopByHop},
                                                 {"HTTP2-Settings", kOtherHopByHop},
                                                 {"Proxy-Connection", kOtherHopByHop},
                                                 {"Proxy-Authenticate", kOtherHopByHop},
                                                 {"Proxy-Authorization", kOtherHopByHop}}};
  for (const Known& known : kKnown) {
    CAPTURE(known.name);
    std::string text(known.name);
    CHECK(kindOf(text) == known.kind);
    for (char& c : text) {
      c = lowered(c);
    }
    CHECK(kindOf(text) == known.kind);
    for (char& c : text) {
      const char before = c;
      c = '_';
      CHECK(kindOf(text) == kOther);
      c = before;
    }
    CHECK(kindOf(text + "s") == kOther);
    CHECK(kindOf(text.substr(1)) == kOther);
    const bool hop = known.kind == kConnection || known.kind == kUpgrade || known.kind == kOtherHopByHop;
    CHECK(isHopByHop(known.kind) == hop);
  }
  CHECK(kindOf("") == kOther);
}

TEST_CASE("what Connection lists is that of all such fields together") {
  const auto none = parsed("GET / HTTP/1.1\r\nHost: a\r\nX-Connection: close\r\n\r\n").connection;
  CHECK_FALSE((none.close || none.keepAlive || none.upgrade || none.others));
  const auto some = parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: , Keep-Alive,TE\r\nconnection: UPGRADE\r\n\r\n");
  CHECK(some.connection.keepAlive);
  CHECK(some.connection.upgrade);
  CHECK_FALSE((some.connection.close || some.connection.others));
  CHECK(parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").connection.others);
  const auto named = parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mine\r\n\r\n").connection;
  CHECK(named.close);
  CHECK(named.others);
}

TEST_CASE("a head into which another one was parsed before holds nothing of it") {
  HeadParser parser;
  RequestHead head;
  const std::string first = "GET http://one/1 HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\nX: 1\r\nTE: gzip\r\n\r\n";
  REQUIRE(parser.parse(first, head) == HeadParser::Outcome::kDone);
  CHECK(head.parts.form == TargetForm::kAbsolute);
  parser.reset();
  const std::string second = "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  REQUIRE(parser.parse(second, head) == HeadParser::Outcome::kDone);
  REQUIRE(head.fields.size() == 1);
  CHECK(head.fields[0].kind == FieldKind::kHost);
  CHECK(head.fields[0].value == "b");
  CHECK(head.parts.form == TargetForm::kOrigin);
  CHECK(head.parts.authority.empty());
  CHECK_FALSE((head.connection.close || head.connection.others));
}
