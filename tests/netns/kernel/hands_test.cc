// What a hand does inside a lab's namespaces where the objects themselves stay: it is seen, and mended in place.
#include <csignal>
#include <thread>

#include "keeper/client.h"
#include "lab_fixture.h"
#include "plan/apply.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;

namespace {

net::Prefix prefix(const char* text) {
  return net::Prefix::parse(text).value();
}

// A router "r" with 10.1.0.1/24 on eth0 and a route by a gateway there.
struct Router : LabFixture {
  Router() {
    tests::skipUnlessRoot();
    makeNodes({"r", "s"});
    create({makeVeth({"r", "eth0", net::Mac::fromSeed("r")}, {"s", "eth0", net::Mac::fromSeed("s")})});
    create({Address{"r", "eth0", prefix("10.1.0.1/24")}});
    Route route;
    route.netns = "r";
    route.destination = prefix("10.9.0.0/16");
    route.gateway = net::IpAddr::parse("10.1.0.254").value();
    route.device = "eth0";
    create({route});
  }

  std::string routes() { return in("r", "ip -4 -j route show table all"); }
  // What the hand does must change something, be seen as steps about objects of this kind, and be undone by them.
  void mends(const std::string& hand, Kind kind, const std::string& reader) {
    CAPTURE(hand);
    const State desired = observe();
    const std::string before = in("r", reader);
    int status = 1;
    const std::string told = in("r", "sh -c '" + hand + "'", &status);
    CHECK_MESSAGE(status == 0, told);
    CHECK(in("r", reader) != before);
    const auto plan = plan::diff(desired, observe());
    CHECK_FALSE(plan.empty());
    for (const auto& step : plan.steps) {
      CHECK_MESSAGE(step.key.kind == kind, step.key.toString());
    }
    const auto report = plan::apply(plan, *system, name, soon());
    for (const auto* cause : report.rootCauses()) {
      FAIL_CHECK(cause->step->key.toString() << ": " << cause->error->message());
    }
    CHECK(in("r", reader) == before);
    CHECK(plan::diff(desired, observe()).empty());
  }
};

}  // namespace

TEST_CASE("the connected route of an address") {
  Router lab;
  const std::string reader = "ip -4 -j route show table all";
  lab.mends("ip route del 10.1.0.0/24", Kind::kAddress, reader);
  // The address is not taken off for it: nothing that needs it is disturbed.
  CHECK(lab.routes().find("10.9.0.0/16") != std::string::npos);
  // Where the network's other length or another link has its own.
  lab.create({makeVeth({"r", "eth1", net::Mac::fromSeed("r1")}, {"s", "eth1", net::Mac::fromSeed("s1")})});
  lab.create({Address{"r", "eth1", prefix("10.1.0.2/24")}, Address{"r", "eth1", prefix("10.2.0.2/31")},
              Address{"r", "eth0", prefix("10.1.0.1/16")}, Address{"r", "eth0", prefix("10.3.0.1/24"), true},
              Address{"r", "eth0", prefix("10.4.0.1/32")}});
  CHECK(plan::diff(lab.observe(), lab.observe()).empty());
  const auto twoOnOne = [&] { return lab.jsonIn("r", "ip -4 -j route show 10.1.0.0/24").size(); };
  CHECK(twoOnOne() == 2);
  const std::string sorted = "sh -c \"ip -4 route show table all | sort\"";
  lab.mends("ip route del 10.1.0.0/24 dev eth0", Kind::kAddress, sorted);
  lab.mends("ip route del 10.1.0.0/24 dev eth1", Kind::kAddress, sorted);
  lab.mends("ip route del 10.1.0.0/16", Kind::kAddress, sorted);
  lab.mends("ip route del 10.2.0.2/31", Kind::kAddress, sorted);
  lab.mends("for i in 1 2; do ip route del 10.1.0.0/24; done; ip route del 10.1.0.0/16", Kind::kAddress, sorted);
  CHECK(twoOnOne() == 2);
}

TEST_CASE("the local and broadcast routes of an address") {
  Router lab;
  const std::string sorted = "sh -c \"ip -4 route show table all dev eth0 | sort\"";
  lab.mends("ip route flush table local dev eth0", Kind::kAddress, sorted);
  lab.mends("ip route del local 10.1.0.1 table local", Kind::kAddress, sorted);
  lab.mends("ip route del broadcast 10.1.0.255 table local", Kind::kAddress, sorted);
  // The connected one cannot come back before the address is local.
  lab.mends("ip route flush table local dev eth0; ip route del 10.1.0.0/24", Kind::kAddress, sorted);
  CHECK(lab.routes().find("10.9.0.0/16") != std::string::npos);
  // Of two addresses with one local route, of one without a connected route, of two of a network, and of the loopback.
  lab.create({Address{"r", "eth0", prefix("10.1.0.1/16")}, Address{"r", "eth0", prefix("10.3.0.1/24"), true},
              Address{"r", "eth0", prefix("10.4.0.1/32")}, Address{"r", "eth0", prefix("10.5.0.1/31")},
              Address{"r", "lo", prefix("10.6.0.1/32")}});
  CHECK(plan::diff(lab.observe(), lab.observe()).empty());
  lab.mends("ip route flush table local dev eth0", Kind::kAddress, sorted);
  lab.mends("ip route flush table local dev eth0; ip route flush table main dev eth0 proto kernel", Kind::kAddress,
            sorted);
  lab.mends("ip route del local 10.6.0.1 table local", Kind::kAddress, "ip -4 -j route show table local dev lo");
  lab.in("r", "ip address add 10.1.0.9/24 dev eth0");
  const State second = lab.observe();
  CHECK(plan::diff(second, lab.observe()).empty());
}

TEST_CASE("an address of ours behind somebody's of its network") {
  for (const std::string promotes : {"0", "1"}) {  // whether the kernel keeps it when the first one goes
    for (const std::string more :
         {"", "; ip route del local 10.1.0.1 table local", "; ip address add 10.1.0.8/24 dev eth0"}) {
      CAPTURE(promotes);
      CAPTURE(more);
      Router lab;
      const State desired = lab.observe();
      const std::string reader = "sh -c \"ip -4 route show table all | sort\"";
      const std::string before = lab.in("r", reader);
      lab.in("r", "sh -c 'echo " + promotes +
                      " >/proc/sys/net/ipv4/conf/eth0/promote_secondaries; ip address del 10.1.0.1/24 dev eth0; "
                      "ip address add 10.1.0.9/24 dev eth0; ip address add 10.1.0.1/24 dev eth0" +
                      more + "'");
      const auto report = plan::apply(plan::diff(desired, lab.observe()), *lab.system, lab.name, LabFixture::soon());
      for (const auto* cause : report.rootCauses()) {
        FAIL_CHECK(cause->step->key.toString() << ": " << cause->error->message());
      }
      CHECK(lab.in("r", reader) == before);
      CHECK(plan::diff(desired, lab.observe()).empty());
    }
  }
}

TEST_CASE("the loopback's own routes") {
  Router lab;
  const std::string reader = "sh -c \"ip -4 route show table local dev lo | sort\"";
  lab.mends("ip route flush table local dev lo", Kind::kNetns, reader);
  lab.mends("ip route del 127.0.0.1 table local", Kind::kNetns, reader);
  // An address that a hand has added there is none of the lab's.
  lab.in("r", "ip address add 127.0.0.9/8 dev lo");
  CHECK(plan::diff(lab.observe(), lab.observe()).empty());
}

TEST_CASE("a connected route in whose place somebody's is") {
  Router lab;
  const State desired = lab.observe();
  lab.in("r", "ip route replace unreachable 10.1.0.0/24");
  CHECK(lab.in("r", "ip route get 10.1.0.7").find("dev eth0") == std::string::npos);
  const auto plan = plan::diff(desired, lab.observe());
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan::apply(plan, *lab.system, lab.name, LabFixture::soon()).ok());
  CHECK(lab.in("r", "ip route get 10.1.0.7").find("dev eth0 src 10.1.0.1") != std::string::npos);
  CHECK(lab.in("r", "ip route show type unreachable").find("10.1.0.0/24") != std::string::npos);  // not ours to delete
  CHECK(plan::diff(desired, lab.observe()).empty());
}

TEST_CASE("a connected route and one by a gateway behind it, of a link that was down") {
  Router lab;
  const State desired = lab.observe();
  const std::string before = lab.routes();
  // The kernel puts it back by itself with the link, as the routes of ours do not.
  lab.in("r", "ip route flush table main");
  lab.in("r", "ip link set eth0 down");
  const auto apply = [&] {
    const auto plan = plan::diff(desired, lab.observe());
    CHECK(plan::apply(plan, *lab.system, lab.name, LabFixture::soon()).ok());
  };
  apply();
  CHECK(lab.routes() == before);
  lab.in("r", "ip route flush table main");
  apply();
  CHECK(lab.routes() == before);
  CHECK(plan::diff(desired, lab.observe()).empty());
}

TEST_CASE("the connected route of an address in a VRF") {
  tests::skipUnlessRoot();
  if (!kernel::probe(nullptr)->vrfDevice) {
    MESSAGE("skipped: this kernel has no VRF devices");
    return;
  }
  Router lab;
  lab.create({Vrf{"r", "vrf1", 1001}});
  VethEnd slave{"r", "eth1", net::Mac::fromSeed("r1")};
  slave.master = "vrf1";
  lab.create({makeVeth(slave, {"s", "eth1", net::Mac::fromSeed("s1")})});
  lab.create({Address{"r", "eth1", prefix("10.1.0.1/24")}});
  lab.mends("ip route del 10.1.0.0/24 dev eth1 vrf vrf1", Kind::kAddress, "ip -4 -j route show table 1001");
  lab.mends("ip route flush table 1001 dev eth1", Kind::kAddress, "sh -c \"ip -4 route show table 1001 | sort\"");
  lab.mends("ip route del 10.1.0.0/24 dev eth0", Kind::kAddress, "ip -4 -j route show table all");
}

TEST_CASE("the loopback set down") {
  Router lab;
  int status = 1;
  lab.mends("ip link set lo down", Kind::kNetns, "ip -j link show lo");
  lab.in("r", "ping -c 1 -W 1 127.0.0.1", &status);
  CHECK(status == 0);
  CHECK(lab.jsonIn("r", "ip -j -d link show lo")[0]["ifalias"] == "vpclab owner=" + lab.runDir());
}

TEST_CASE("what the kernel gives each namespace, taken away") {
  Router lab;
  lab.mends("ip address delete 127.0.0.1/8 dev lo", Kind::kNetns, "ip -4 -j address show dev lo");
  lab.mends("ip rule delete priority 32766", Kind::kNetns, "ip -4 -j rule");
}

TEST_CASE("what a link has learnt of a neighbour is forgotten, and no more") {
  Router lab;
  lab.in("r", "ip neighbour replace 10.1.0.7 lladdr 02:00:00:00:00:07 dev eth0 nud reachable");
  lab.in("r", "ip neighbour replace 10.1.0.8 lladdr 02:00:00:00:00:08 dev eth0 nud reachable");
  const std::vector<Neighbours> tables{
      {"gone", "eth0", {{net::IpAddr::parse("10.1.0.7").value(), net::Mac{}}}},
      {"r",
       "eth0",
       {{net::IpAddr::parse("10.1.0.6").value(), net::Mac{}}, {net::IpAddr::parse("10.1.0.7").value(), net::Mac{}}}}};
  lab.system->forgetNeighbours(lab.name, tables, LabFixture::soon());
  const std::string left = lab.in("r", "ip neighbour show dev eth0");
  CHECK(left.find("10.1.0.7 ") == std::string::npos);
  CHECK(left.find("10.1.0.8 lladdr 02:00:00:00:00:08") != std::string::npos);
}

TEST_CASE("the loopback set down, with addresses and routes of ours on it") {
  Router lab;
  Route local;
  local.netns = "r";
  local.table = 1000;
  local.destination = prefix("10.6.0.1/32");
  local.type = RouteType::kLocal;
  local.device = "lo";
  lab.create({Address{"r", "lo", prefix("203.0.113.1/32")}, local});
  const State desired = lab.observe();
  const std::string before = lab.in("r", "sh -c \"ip -4 route show table all | sort\"");
  lab.in("r", "ip link set lo down");
  CHECK(plan::apply(plan::diff(desired, lab.observe()), *lab.system, lab.name, LabFixture::soon()).ok());
  CHECK(lab.in("r", "sh -c \"ip -4 route show table all | sort\"") == before);
  CHECK(plan::diff(desired, lab.observe()).empty());
}

TEST_CASE("addresses with a peer") {
  Router lab;
  const std::string reader = "ip -j -4 address";
  lab.mends("ip addr add 10.9.9.1 peer 10.9.9.2/32 dev eth0", Kind::kAddress, reader);
  // Beside ours with the same local address and length, and two of them.
  lab.create({Address{"r", "eth0", prefix("10.4.0.1/32")}});
  lab.mends("ip addr add 10.4.0.1 peer 10.4.0.2/32 dev eth0", Kind::kAddress, reader);
  lab.mends("ip addr add 10.4.0.1 peer 10.4.0.2/32 dev eth0; ip addr add 10.4.0.1 peer 10.4.0.3/32 dev eth0",
            Kind::kAddress, reader);
  // In the place of ours, which goes and comes with what needs it.
  const State desired = lab.observe();
  const std::string before = lab.routes();
  lab.in("r", "ip addr del 10.1.0.1/24 dev eth0");
  lab.in("r", "ip addr add 10.1.0.1 peer 10.1.0.9/24 dev eth0");
  CHECK(plan::apply(plan::diff(desired, lab.observe()), *lab.system, lab.name, LabFixture::soon()).ok());
  CHECK(lab.routes() == before);
  CHECK(plan::diff(desired, lab.observe()).empty());
}

namespace {

WgDevice tunnelByProcess() {
  WgDevice device{"br", "wan", "pop"};
  device.implementation = TunnelImplementation::kWireGuardGo;
  device.privateKey = net::clampPrivateKey({{7}});
  device.publicKey = net::publicKeyOf(device.privateKey);
  return device;
}

}  // namespace

TEST_CASE("an address on the interface that wireguard-go has where it runs") {
  tests::skipUnlessRoot();
  if (!kernel::probe(nullptr)->wireGuardGo) {
    MESSAGE("skipped: wireguard-go does not run");
    return;
  }
  LabFixture lab;
  lab.makeNodes({"br", "pop"});
  lab.create({tunnelByProcess()});
  const State desired = lab.observe();
  // The packets to a peer that has this address would go nowhere.
  lab.in("pop", "ip address add 100.64.0.2/32 dev wan");
  // What else somebody has made there is theirs.
  lab.in("pop", "ip tuntap add dev theirs mode tun");
  lab.in("pop", "ip address add 100.64.0.3/32 dev theirs");
  const auto plan = plan::diff(desired, lab.observe());
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].key.toString() == Address{"pop", "wan", prefix("100.64.0.2/32")}.key().toString());
  CHECK(plan::apply(plan, *lab.system, lab.name, LabFixture::soon()).ok());
  CHECK(lab.in("pop", "ip -4 address show dev wan").empty());
  CHECK(lab.in("pop", "ip -4 address show dev theirs").find("100.64.0.3") != std::string::npos);
  CHECK(plan::diff(desired, lab.observe()).empty());
}

TEST_CASE("a tunnel that nobody wants, whose process has ended or lost its namespace") {
  tests::skipUnlessRoot();
  if (!kernel::probe(nullptr)->wireGuardGo) {
    MESSAGE("skipped: wireguard-go does not run");
    return;
  }
  for (const bool ends : {true, false}) {
    CAPTURE(ends);
    LabFixture lab;
    lab.makeNodes({"br", "pop"});
    const State without = lab.observe();
    lab.create({tunnelByProcess()});
    const auto tunnels = [&] {
      auto keeper = keeper::Client::connect({lab.runDir(), lab.name}, LabFixture::soon());
      REQUIRE(keeper);
      return keeper->list(LabFixture::soon())->tunnels;
    };
    const auto running = tunnels();
    REQUIRE(running.size() == 1);
    if (ends) {
      REQUIRE(::kill(running[0].pid, SIGKILL) == 0);
    } else {
      const std::string pin = lab.system->pinPath(lab.name, "br");
      tests::shell("umount " + pin + " && rm " + pin);
    }
    for (int i = 0; i < 500 && tunnels()[0].state != keeper::RunState::kExited; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const auto observed = lab.observe();
    CHECK(plan::apply(plan::diff(without, observed), *lab.system, lab.name, LabFixture::soon()).ok());
    CHECK(tunnels().empty());
    CHECK(::kill(running[0].pid, 0) != 0);
    CHECK(plan::diff(without, lab.observe()).empty());
  }
}
