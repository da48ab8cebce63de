#include <thread>

#include <sys/socket.h>

#include "lab_fixture.h"
#include "plan/order.h"

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

TEST_CASE("a command that has ended and will be started again is there, and can be taken away") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"n"});
  Process process{"n", "run", Command{{"/bin/sh", "-c", "sleep 0.3; exit 1"}, {}}};
  lab.create({process});
  Process ended = process;
  ended.ended = true;
  bool isSeen = lab.holds(ended);
  for (int i = 0; i < 500 && !isSeen; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    isSeen = lab.holds(ended);  // it is started again a moment later
  }
  CHECK(isSeen);
  lab.remove({process});
  CHECK_FALSE(lab.has(process));
}

TEST_CASE("two tunnels carry packets; a peer is changed without touching the others; they go with their sockets") {
  tests::skipUnlessRoot();
  if (!kernel::probe(nullptr)->tunnels()) {
    MESSAGE("skipped: this kernel has no WireGuard, and wireguard-go does not run");
    return;
  }
  LabFixture lab;
  lab.makeNodes({"br-l", "pop-l", "br-r", "pop-r"});
  lab.create({makeVeth({"pop-l", "eth0", net::Mac::fromSeed("l")}, {"pop-r", "eth0", net::Mac::fromSeed("r")})});
  lab.create({Address{"pop-l", "eth0", net::Prefix::parse("100.64.0.1/24").value()},
              Address{"pop-r", "eth0", net::Prefix::parse("100.64.0.2/24").value()}});
  WgDevice left = device("l", 1);
  WgDevice right = device("r", 2);
  (*left.peers)[right.publicKey] = peer("100.64.0.2", "10.0.2.0/24");
  (*right.peers)[left.publicKey] = peer("100.64.0.1", "10.0.1.0/24");
  const WgDevice silentLeft = plan::silent(left);
  const WgDevice silentRight = plan::silent(right);
  lab.create({silentLeft, silentRight});
  CHECK(lab.holds(silentLeft));
  CHECK(lab.holds(silentRight));
  lab.create({Address{"br-l", "wan", net::Prefix::parse("10.200.0.1/16").value()},
              Address{"br-r", "wan", net::Prefix::parse("10.200.0.2/16").value()}});
  // One after the other, as an apply does it: handshakes that both ends begin at once may collide, again and again on a
  // busy host, and each time WireGuard tries again only after 5 s.
  lab.update(silentLeft, left);
  CHECK(lab.holds(left));
  lab.update(silentRight, right);
  CHECK(lab.holds(right));
  int status = 1;
  const std::string pinged = lab.in("br-l", "ping -c 1 -i 0.2 -w 15 10.200.0.2", &status);
  CHECK_MESSAGE(status == 0, pinged);
  CHECK(lab.in("pop-l", "ss -Hlnu").find(":51820") != std::string::npos);
  CHECK(lab.in("br-l", "ss -Hlnu").find(":51820") == std::string::npos);

  WgDevice changed = left;
  const auto third = net::publicKeyOf(privateKey(3));
  (*changed.peers)[third] = peer("100.64.0.3", "10.0.3.0/24");
  (*changed.peers)[third].allowedIps.pop_back();
  changed.mtu = 1380;
  lab.update(left, changed);
  CHECK(lab.holds(changed));
  lab.in("br-l", "ping -c 1 -i 0.2 -w 15 10.200.0.2", &status);
  CHECK(status == 0);
  lab.update(changed, left);
  CHECK(lab.holds(left));

  // Who is not spoken to is not waited for: it may not be there yet.
  WgDevice moreLeft = left;
  WgDevice moreRight = right;
  (*moreLeft.peers)[third] = (*moreRight.peers)[third] = peer("100.64.0.3", "10.0.3.0/24");
  (*moreLeft.peers)[third].keepaliveSeconds = (*moreRight.peers)[third].keepaliveSeconds = 0;
  const auto begin = base::Clock::now();
  for (const auto& result : lab.execute(plan::Action::kUpdate, {moreLeft, moreRight}, {left, right})) {
    CHECK(result.has_value());
  }
  CHECK(base::Clock::now() - begin < std::chrono::seconds(1));
  for (const auto& result : lab.execute(plan::Action::kUpdate, {left, right}, {moreLeft, moreRight})) {
    CHECK(result.has_value());
  }

  lab.remove({left});
  CHECK_FALSE(lab.has(left));
  CHECK(lab.in("br-l", "ip link").find("wan") == std::string::npos);
  CHECK(lab.in("pop-l", "ss -Hlnu").find(":51820") == std::string::npos);
  // One made again takes the place; one that fails on the way leaves something that is seen and can be removed.
  lab.create({left});
  CHECK(lab.holds(left));
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
}
