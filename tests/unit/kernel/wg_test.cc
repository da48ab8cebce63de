#include <doctest/doctest.h>

#include "kernel/links.h"
#include "kernel/netlink_message.h"
#include "kernel/proc_sys.h"
#include "kernel/wg_change.h"
#include "kernel/wg_uapi.h"

using namespace vpclab;
using namespace vpclab::kernel;

namespace {

net::WgKey key(std::uint8_t seed) {
  net::WgKey out;
  out.bytes.fill(seed);
  return out;
}

state::WgPeer peer(const char* allowed) {
  state::WgPeer out;
  out.endpointAddress = net::IpAddr::parse("192.0.2.1");
  out.endpointPort = 7;
  out.keepaliveSeconds = 25;
  out.allowedIps = {net::Prefix::parse(allowed).value()};
  return out;
}

}  // namespace

TEST_CASE("a change of one peer says nothing of the others") {
  state::WgDevice before;
  *before.peers = {{key(1), peer("10.0.0.0/24")}, {key(2), peer("10.0.1.0/24")}, {key(3), peer("10.0.2.0/24")}};
  before.publicKey = key(9);
  before.listenPort = 1;
  state::WgDevice after = before;
  CHECK(wgChange(&before, after).empty());
  after.peers->erase(key(1));
  (*after.peers)[key(2)].keepaliveSeconds = 0;
  (*after.peers)[key(4)] = peer("10.0.3.0/24");
  const WgChange change = wgChange(&before, after);
  CHECK(change.removed == std::vector<net::WgKey>{key(1)});
  REQUIRE(change.written.size() == 2);
  CHECK(change.written[0].first == key(2));
  CHECK(change.written[1].first == key(4));
  CHECK_FALSE(change.privateKey);
  CHECK_FALSE(change.listenPort);
  CHECK(uapiSetRequest(change) == "set=1\npublic_key=" + key(1).toHex() +
                                      "\nremove=true\npublic_key=" + key(2).toHex() +
                                      "\nendpoint=192.0.2.1:7\npersistent_keepalive_interval=0\n"
                                      "replace_allowed_ips=true\nallowed_ip=10.0.1.0/24\npublic_key=" +
                                      key(4).toHex() +
                                      "\nendpoint=192.0.2.1:7\npersistent_keepalive_interval=25\n"
                                      "replace_allowed_ips=true\nallowed_ip=10.0.3.0/24\n\n");
  CHECK(wgChange(nullptr, after).listenPort == after.listenPort);
}

TEST_CASE("the answer of wireguard-go is read, and doubted") {
  const std::string secret = net::clampPrivateKey(key(5)).toHex();
  const auto read = parseUapiAnswer("private_key=" + secret + "\nlisten_port=51820\npublic_key=" + key(1).toHex() +
                                    "\nendpoint=192.0.2.1:7\nlast_handshake_time_sec=0\n"
                                    "persistent_keepalive_interval=25\nallowed_ip=10.0.0.0/24\nerrno=0\n\n");
  REQUIRE(read);
  CHECK(read->publicKey == net::publicKeyOf(net::clampPrivateKey(key(5))));
  CHECK(read->listenPort == 51820);
  CHECK(read->peers->at(key(1)) == peer("10.0.0.0/24"));
  for (const std::string& bad : std::vector<std::string>{
           std::string("listen_port=1\n\n"), std::string("listen_port=65536\nerrno=0\n\n"),
           "private_key=" + secret.substr(1) + "\nerrno=0\n\n", std::string("nonsense\nerrno=0\n\n"),
           "public_key=" + key(1).toHex() + "\nallowed_ip=10.0.0.0/33\nerrno=0\n\n",
           "public_key=" + key(1).toHex() + "\nendpoint=nowhere\nerrno=0\n\n"}) {
    const auto refused = parseUapiAnswer(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == base::ErrorKind::kProtocol);
    CHECK(refused.error().message().find(secret.substr(1, 20)) == std::string::npos);
  }
  const auto inUse = parseUapiAnswer("errno=-98\n\n");
  REQUIRE_FALSE(inUse);
  CHECK(inUse.error().errnoValue() == 98);
}

TEST_CASE("attributes that are cut short do not appear; a request that does not fit says so") {
  Message message("test", 16, 0, std::uint32_t{0}, 64);
  message.u32(1, 7).text(2, "eth0");
  CHECK(message.fits());
  const Attributes whole(message.header(), sizeof(std::uint32_t));
  CHECK(whole.u32(1) == 7);
  CHECK(whole.text(2) == "eth0");
  CHECK(whole.u64(1, 9) == 9);
  CHECK(whole.nest(2).all().empty());
  message.header()->nlmsg_len -= 4;
  const Attributes cut(message.header(), sizeof(std::uint32_t));
  CHECK(cut.has(1));
  CHECK_FALSE(cut.has(2));
  message.header()->nlmsg_len += 4;
  message.text(3, std::string(100, 'x'));
  CHECK_FALSE(message.fits());
}

TEST_CASE("only managed parameters are managed") {
  CHECK(isManagedSysctl("net/ipv4/ip_forward"));
  CHECK(isManagedSysctl("net/ipv4/conf/eth0.5/rp_filter"));
  CHECK_FALSE(isManagedSysctl("net/ipv4/conf/../rp_filter"));
  CHECK_FALSE(isManagedSysctl("net/ipv4/conf/a/b/rp_filter"));
  CHECK_FALSE(isManagedSysctl("net/ipv4/conf/rp_filter"));
  CHECK_FALSE(isManagedSysctl("kernel/core_pattern"));
  for (const auto& path : namespaceSysctls()) {
    CHECK_MESSAGE(isManagedSysctl(path), path);
  }
  for (const LinkParameter& parameter : kLinkParameters) {
    CHECK(isManagedSysctl("net/ipv4/conf/eth0/" + std::string(parameter.name)));
  }
}

TEST_CASE("what wireguard-go's peers have been up to") {
  WgTraffics traffic;
  const auto read = parseUapiAnswer("listen_port=1\npublic_key=" + key(1).toHex() +
                                        "\nlast_handshake_time_sec=1700000000\nlast_handshake_time_nsec=5\nrx_bytes=7\n"
                                        "tx_bytes=8\npublic_key=" +
                                        key(2).toHex() + "\nrx_bytes=9\nerrno=0\n\n",
                                    &traffic);
  REQUIRE(read);
  REQUIRE(traffic.size() == 2);
  CHECK(traffic.at(key(1)).handshakeSeconds == 1'700'000'000);
  CHECK(traffic.at(key(1)).handshakeNanoseconds == 5);
  CHECK(traffic.at(key(1)).receivedBytes == 7);
  CHECK(traffic.at(key(1)).sentBytes == 8);
  CHECK(traffic.at(key(2)).handshakeSeconds == 0);
  CHECK(traffic.at(key(2)).receivedBytes == 9);
  for (const char* bad : {"rx_bytes=-1", "rx_bytes=99999999999999999999", "last_handshake_time_sec=x"}) {
    WgTraffics ignored;
    CHECK_FALSE(parseUapiAnswer("public_key=" + key(1).toHex() + "\n" + bad + "\nerrno=0\n\n", &ignored));
  }
}
