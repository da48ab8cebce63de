#include <array>
#include <tuple>

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include "net/if_name.h"
#include "net/ip.h"
#include "net/mac.h"
#include "net/wg_key.h"

using namespace vpclab::net;

TEST_CASE("addresses are strict dotted decimal") {
  CHECK(IpAddr::parse("172.16.1.2")->toString() == "172.16.1.2");
  for (const auto* bad : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "1.2.3.-4"}) {
    CAPTURE(bad);
    CHECK_FALSE(IpAddr::parse(bad));
  }
  CHECK_FALSE(IpAddr::parse("::1")->isV4());
}

TEST_CASE("prefixes know their network, ends and neighbours") {
  const auto net = *Prefix::parse("172.16.1.0/24");
  CHECK(net.isNetwork());
  CHECK_FALSE(Prefix::parse("172.16.1.2/24")->isNetwork());
  CHECK(net.last().toString() == "172.16.1.255");
  CHECK(net.at(254)->toString() == "172.16.1.254");
  CHECK_FALSE(net.at(256));
  CHECK(net.contains(*IpAddr::parse("172.16.1.9")));
  CHECK_FALSE(net.contains(*IpAddr::parse("172.16.2.9")));
  CHECK(Prefix::parse("172.16.0.0/16")->overlaps(net));
  CHECK_FALSE(Prefix::parse("172.17.0.0/16")->overlaps(net));
  CHECK(Prefix::parse("0.0.0.0/0")->contains(net));
  CHECK_FALSE(Prefix::parse("1.2.3.4"));
  CHECK_FALSE(Prefix::parse("1.2.3.4/33"));
  CHECK_FALSE(Prefix::parse("1.2.3.4/024"));
}

TEST_CASE("an address is written as inet_ntop(3) writes it") {
  for (const std::uint32_t address : {0U, 1U, 0x0A000063U, 0x64640909U, 0xC0A8FF0AU, 0xFFFFFFFFU}) {
    const auto ip = IpAddr::v4(address);
    std::array<char, INET_ADDRSTRLEN> text{};
    REQUIRE(::inet_ntop(AF_INET, ip.bytes(), text.data(), text.size()) != nullptr);
    CHECK(ip.toString() == text.data());
  }
  CHECK(IpAddr::parse("FD00:0:0::1")->toString() == "fd00::1");
}

TEST_CASE("a prefix of any length has so many bits, and ends where they do") {
  for (unsigned length = 0; length <= 32; ++length) {
    CAPTURE(length);
    const std::uint32_t ones = length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
    const Prefix prefix(IpAddr::v4(0xAAAAAAAAU), length);
    CHECK(prefix.network().address().v4HostOrder() == (0xAAAAAAAAU & ones));
    CHECK(prefix.last().v4HostOrder() == (0xAAAAAAAAU | ~ones));
  }
  for (const auto& [length, first, last] :
       {std::tuple(0U, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        std::tuple(7U, "aa00::", "abff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        std::tuple(64U, "aaaa:aaaa:aaaa:aaaa::", "aaaa:aaaa:aaaa:aaaa:ffff:ffff:ffff:ffff"),
        std::tuple(127U, "aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa", "aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaab"),
        std::tuple(128U, "aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa", "aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa")}) {
    const Prefix prefix(*IpAddr::parse("aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa"), length);
    CHECK(prefix.network().address().toString() == first);
    CHECK(prefix.last().toString() == last);
  }
}

TEST_CASE("MAC addresses are unicast, local and stable") {
  const auto mac = Mac::fromSeed("cross-region/bj-server1/eth0");
  CHECK(mac == Mac::fromSeed("cross-region/bj-server1/eth0"));
  CHECK(mac != Mac::fromSeed("cross-region/bj-server2/eth0"));
  CHECK((mac.bytes[0] & 3U) == 2U);
  CHECK(Mac::parse(mac.toString()) == mac);
  CHECK_FALSE(Mac::parse("02:00:00:00:00"));
}

TEST_CASE("interface names fit, and long ones that begin alike stay apart") {
  CHECK(shortIfName("bj-vxnet1") == "bj-vxnet1");
  const auto a = shortIfName("beijing-production-vxnet1");
  const auto b = shortIfName("beijing-production-vxnet2");
  CHECK(a.size() == kMaxIfName);
  CHECK(a != b);
  CHECK(isValidIfName(a));
  CHECK_FALSE(isValidIfName("a/b"));
  CHECK_FALSE(isValidIfName("eth%d"));
  CHECK_FALSE(isValidIfName("sixteen-letters-"));
}

TEST_CASE("public keys follow RFC 7748") {
  // Section 6.1: Alice's key pair.
  const auto alice = *WgKey::parse("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=");
  CHECK(publicKeyOf(alice).toBase64() == "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
  CHECK_FALSE(WgKey::parse("short"));
}
