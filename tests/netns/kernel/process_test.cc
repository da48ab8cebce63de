#include <sys/socket.h>

#include "lab_fixture.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;

namespace {

net::WgKey privateKey(std::uint8_t seed) {
  net::WgKey key;
  key.bytes.fill(seed);
  return net::clampPrivateKey(key);
}

WgPeer peer(const char* endpoint, const char* allowed) {
  WgPeer out;
  out.endpointAddress = net::IpAddr::parse(endpoint);
  out.endpointPort = 51820;
  out.allowedIps = {net::Prefix::parse(allowed).value(), net::Prefix::parse("10.200.0.0/16").value()};
  out.keepaliveSeconds = 25;
  return out;
}

WgDevice device(const std::string& side, std::uint8_t seed) {
  WgDevice out;
  out.netns = "br-" + side;
  out.name = "wan";
  out.socketNetns = "pop-" + side;
  const auto capabilities = kernel::probe(nullptr);
  out.implementation = capabilities->tunnelImplementation();
  out.listenPort = 51820;
  out.privateKey = privateKey(seed);
  out.publicKey = net::publicKeyOf(out.privateKey);
  return out;
}

}  // namespace

TEST_CASE("a command is started in its namespace, observed while it lives, and ended") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"n"});
  Process process{"n", "run", Command{{"/bin/sleep", "1000"}, {}}};
  lab.create({process});
  CHECK(lab.holds(process));
  Process other = process;
  other.spec = Command{{"/bin/sleep", "2000"}, {}};
  lab.update(process, other);
  CHECK(lab.holds(other));
  lab.remove({other});
  CHECK_FALSE(lab.has(other));
  Process wrong{"n", "run", Command{{"/nonexistent"}, {}}};
  CHECK(lab.refuse(wrong).message().find("/nonexistent") != std::string::npos);
}

TEST_CASE("two tunnels carry packets; a peer is changed without touching the others; they go with their sockets") {
  tests::skipUnlessRoot();
  if (!kernel::probe(nullptr)->tunnels()) {
    MESSAGE("skipped: this kernel has no WireGuard, and wireguard-go does not run");
    return;
  }
  LabFixture lab;
  lab.makeNodes({"br-l", "pop-l", "br-r", "pop-r"});
  lab.create({makeVeth({"pop-l", "wan", net::Mac::fromSeed("l")}, {"pop-r", "wan", net::Mac::fromSeed("r")})});
  lab.create({Address{"pop-l", "wan", net::Prefix::parse("100.64.0.1/24").value()},
              Address{"pop-r", "wan", net::Prefix::parse("100.64.0.2/24").value()}});
  WgDevice left = device("l", 1);
  WgDevice right = device("r", 2);
  left.peers[right.publicKey] = peer("100.64.0.2", "10.0.2.0/24");
  right.peers[left.publicKey] = peer("100.64.0.1", "10.0.1.0/24");
  lab.create({left, right});
  CHECK(lab.holds(left));
  CHECK(lab.holds(right));
  lab.create({Address{"br-l", "wan", net::Prefix::parse("10.200.0.1/16").value()},
              Address{"br-r", "wan", net::Prefix::parse("10.200.0.2/16").value()}});
  int status = 1;
  const std::string pinged = lab.in("br-l", "ping -c 3 -i 0.2 -W 2 10.200.0.2", &status);
  CHECK_MESSAGE(status == 0, pinged);
  CHECK(lab.in("pop-l", "ss -Hlnu").find(":51820") != std::string::npos);
  CHECK(lab.in("br-l", "ss -Hlnu").find(":51820") == std::string::npos);

  WgDevice changed = left;
  const auto third = net::publicKeyOf(privateKey(3));
  changed.peers[third] = peer("100.64.0.3", "10.0.3.0/24");
  changed.peers[third].allowedIps.pop_back();
  changed.mtu = 1380;
  lab.update(left, changed);
  CHECK(lab.holds(changed));
  lab.in("br-l", "ping -c 1 -W 2 10.200.0.2", &status);
  CHECK(status == 0);
  lab.update(changed, left);
  CHECK(lab.holds(left));

  lab.remove({left});
  CHECK_FALSE(lab.has(left));
  CHECK(lab.in("br-l", "ip link").find("wan") == std::string::npos);
  CHECK(lab.in("pop-l", "ss -Hlnu").find(":51820") == std::string::npos);
  // One made again takes the place; one that fails on the way leaves something that is seen and can be removed.
  lab.create({left});
  CHECK(lab.holds(left));
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
}

TEST_CASE("two ends that are to speak at the same time shake hands at once, however slow the way between them is") {
  tests::skipUnlessRoot();
  if (!kernel::probe(nullptr)->tunnels()) {
    MESSAGE("skipped: this kernel has no WireGuard, and wireguard-go does not run");
    return;
  }
  LabFixture lab;
  lab.makeNodes({"br-l", "pop-l", "br-r", "pop-r"});
  lab.create({makeVeth({"pop-l", "wan", net::Mac::fromSeed("l")}, {"pop-r", "wan", net::Mac::fromSeed("r")})});
  lab.create({Address{"pop-l", "wan", net::Prefix::parse("100.64.0.1/24").value()},
              Address{"pop-r", "wan", net::Prefix::parse("100.64.0.2/24").value()}});
  WgDevice left = device("l", 1);
  WgDevice right = device("r", 2);
  left.peers[right.publicKey] = peer("100.64.0.2", "10.0.2.0/24");
  right.peers[left.publicKey] = peer("100.64.0.1", "10.0.1.0/24");
  WgDevice silentLeft = left;
  WgDevice silentRight = right;
  silentLeft.peers.begin()->second.keepaliveSeconds = 0;
  silentRight.peers.begin()->second.keepaliveSeconds = 0;
  lab.create({silentLeft, silentRight});

  // Each way takes 2,048 bytes a second and has some to take before the handshake, which so takes some 0.3 s.
  int status = 1;
  for (const char* node : {"pop-l", "pop-r"}) {
    lab.in(node, "tc qdisc add dev wan root tbf rate 16kbit burst 400 limit 10000", &status);
    REQUIRE(status == 0);
  }
  lab.in("pop-l", "sh -c 'ping -q -c 6 -i 0.01 -s 84 100.64.0.2 >/dev/null 2>&1 &'");
  for (const auto& result : lab.execute(plan::Action::kUpdate, {left, right}, {silentLeft, silentRight})) {
    REQUIRE(result);
  }
  const auto shaken = [&](const WgDevice& end) {
    const auto peers = lab.system->tunnelPeers(lab.name, end, LabFixture::soon());
    return peers && peers->size() == 1 && peers->front().handshakeAgeSeconds.has_value();
  };
  // A handshake that failed is tried again after 5 s.
  const auto deadline = base::Deadline::after(base::Milliseconds(3000));
  while (!deadline.passed() && !(shaken(left) && shaken(right))) {
    ::usleep(20'000);
  }
  CHECK(shaken(left));
  CHECK(shaken(right));
}
