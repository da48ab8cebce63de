#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include "check/icmp_packet.h"

using namespace vpclab::check;

namespace {

using Bytes = std::vector<std::uint8_t>;

// An IPv4 header without options: 10.0.0.<from> to 10.0.0.<to>.
Bytes packet(std::uint8_t from, std::uint8_t to, const Bytes& content) {
  Bytes out{0x45, 0, 0, static_cast<std::uint8_t>(20 + content.size()), 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, from, 10,
            0,    0, to};
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

// RFC 1071, written apart from the code under test.
void seal(Bytes& icmp) {
  icmp[2] = icmp[3] = 0;
  unsigned long sum = 0;
  for (std::size_t i = 0; i < icmp.size(); ++i) {
    sum += i % 2 == 0 ? icmp[i] * 256UL : icmp[i];
  }
  sum = sum % 65535;
  icmp[2] = static_cast<std::uint8_t>((65535 - sum) / 256);
  icmp[3] = static_cast<std::uint8_t>((65535 - sum) % 256);
}

EchoPayload payload() {
  EchoPayload out{};
  std::iota(out.begin(), out.end(), std::uint8_t{100});
  return out;
}

Bytes request() {
  return makeEchoRequest(0x1234, 0xABCD, payload());
}

Bytes replyTo(Bytes icmp) {
  icmp[0] = 0;
  seal(icmp);
  return icmp;
}

Bytes error(std::uint8_t type, std::uint8_t code, const Bytes& quoted) {
  Bytes out{type, code, 0, 0, 0, 0, 0, 0};
  out.insert(out.end(), quoted.begin(), quoted.end());
  seal(out);
  return out;
}

}  // namespace

TEST_CASE("an echo request is what RFC 792 says") {
  Bytes bytes = request();
  CHECK(Bytes(bytes.begin(), bytes.begin() + 2) == Bytes{8, 0});
  CHECK(Bytes(bytes.begin() + 4, bytes.begin() + 8) == Bytes{0x12, 0x34, 0xAB, 0xCD});
  Bytes sealed = bytes;
  seal(sealed);
  CHECK(sealed == bytes);
}

TEST_CASE("a reply and an error that quotes tell which request they answer") {
  const auto reply = parseIcmpAnswer(packet(2, 1, replyTo(request())));
  REQUIRE(reply);
  CHECK(reply->reply);
  CHECK(reply->from.toString() == "10.0.0.2");
  CHECK(reply->id == 0x1234);
  CHECK(reply->sequence == 0xABCD);
  const EchoPayload sent = payload();
  CHECK(reply->payload == Bytes(sent.begin(), sent.end()));

  const auto unreachable = parseIcmpAnswer(packet(9, 1, error(3, 0, packet(1, 2, request()))));
  REQUIRE(unreachable);
  CHECK(isUnreachable(*unreachable));
  CHECK(unreachable->from.toString() == "10.0.0.9");
  CHECK(unreachable->target.toString() == "10.0.0.2");
  CHECK(unreachable->sequence == 0xABCD);
  CHECK(describe(*unreachable) == "Destination Net Unreachable from 10.0.0.9");

  Bytes shortQuote = packet(1, 2, request());
  shortQuote.resize(28);  // as little as RFC 792 asks a router to quote
  const auto exceeded = parseIcmpAnswer(packet(9, 1, error(11, 0, shortQuote)));
  REQUIRE(exceeded);
  CHECK(isTimeExceeded(*exceeded));
  CHECK(exceeded->payload.empty());
}

TEST_CASE("anything else is nothing") {
  CHECK_FALSE(parseIcmpAnswer({}));
  CHECK_FALSE(parseIcmpAnswer(packet(2, 1, request())));  // a request of somebody else
  Bytes wrongSum = replyTo(request());
  wrongSum[2] ^= 1U;
  CHECK_FALSE(parseIcmpAnswer(packet(2, 1, wrongSum)));
  CHECK_FALSE(parseIcmpAnswer(packet(9, 1, error(5, 0, packet(1, 2, request())))));  // a redirect
  CHECK_FALSE(parseIcmpAnswer(packet(9, 1, error(3, 0, packet(1, 2, replyTo(request()))))));
  Bytes udp = packet(2, 1, replyTo(request()));
  udp[9] = 17;
  CHECK_FALSE(parseIcmpAnswer(udp));
  const Bytes whole = packet(9, 1, error(3, 0, packet(1, 2, request())));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(parseIcmpAnswer(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))));
  }
  for (std::uint8_t header = 0; header < 16; ++header) {  // header lengths that lie
    Bytes lying = whole;
    lying[0] = static_cast<std::uint8_t>(0x40U | header);
    CHECK(parseIcmpAnswer(lying).has_value() == (header == 5));
  }
}
