#include <algorithm>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "fake/fake_kernel.h"
#include "plan/apply.h"
#include "plan/plan.h"
#include "plan/render.h"
#include "state/json.h"
#include "unit/state/objects.h"

using namespace vpclab;
using namespace vpclab::state;

namespace {

net::IpAddr ip(const char* text) {
  return *net::IpAddr::parse(text);
}
net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

Veth cable(std::uint32_t mtu = kDefaultMtu) {
  return makeVeth({"a", "eth0", {}, mtu, true, ""}, {"b", "eth0", {}, kDefaultMtu, true, ""});
}

// Two namespaces, a cable, an address at one end, a route by it, a limit and a parameter.
State small() {
  State out;
  out.add(Netns{"a"});
  out.add(Netns{"b"});
  out.add(cable());
  out.add(Address{"a", "eth0", prefix("10.0.0.1/24")});
  out.add(Route{"a", kMainTable, prefix("10.1.0.0/16"), 0, RouteType::kUnicast, ip("10.0.0.2"), false, "eth0", {}});
  out.add(Neighbours{"a", "eth0", {{ip("10.0.0.2"), net::Mac::fromSeed("b")}}});
  out.add(Qdisc{"a", "eth0", 10'000'000});
  out.add(tests::sysctl("a", "net/ipv4/conf/eth0/rp_filter", "0", "eth0"));
  return out;
}

std::vector<std::string> told(const plan::Plan& plan) {
  std::vector<std::string> out;
  for (const auto& step : plan.steps) {
    out.push_back(std::string(nameOf(step.action)) + " " + step.key.toString());
  }
  return out;
}

WgDevice tunnel() {
  WgDevice device{"a", "wg", "b"};
  device.privateKey->bytes.fill(7);
  device.publicKey = net::publicKeyOf(device.privateKey);
  net::WgKey peer;
  peer.bytes.fill(9);
  (*device.peers)[peer] = {ip("100.64.0.2"), 51820, {prefix("10.0.0.0/8")}, 5};
  return device;
}

}  // namespace

TEST_CASE("a deleted namespace takes its content along in one step") {
  State desired;
  desired.add(Netns{"b"});
  CHECK(told(plan::diff(desired, small())) == std::vector<std::string>{"delete netns a"});
}

TEST_CASE("what a namespace took along is made again with it") {
  const State desired = small();
  State observed = desired;
  for (const auto& entry : desired.entries()) {
    if (entry.key().netns == "a") {
      observed.remove(entry.key());
    }
  }
  const auto steps = told(plan::diff(desired, observed));
  CHECK(steps.size() == 7);
  CHECK(steps.front() == "create netns a");
  CHECK(steps.back() == "create route a/10.1.0.0/16");
}

TEST_CASE("replacing a link makes its address, route, limit and parameters again, in this order") {
  State observed = small();
  Veth other = makeVeth({"a", "eth0"}, {"b", "eth9"});
  observed.add(other);
  CHECK(told(plan::diff(small(), observed)) ==
        std::vector<std::string>{"delete veth a/eth0", "create veth a/eth0", "create address a/eth0 10.0.0.1/24",
                                 "create qdisc a/eth0", "create sysctl a/eth0", "create neighbours a/eth0",
                                 "create route a/10.1.0.0/16"});
}

TEST_CASE("a link that loses its last address loses its neighbours") {
  State desired = small();
  desired.remove(Address{"a", "eth0", prefix("10.0.0.1/24")}.key());
  desired.add(Address{"a", "eth0", prefix("10.0.0.9/24")});
  CHECK(told(plan::diff(desired, small())) ==
        std::vector<std::string>{"delete route a/10.1.0.0/16", "delete neighbours a/eth0",
                                 "delete address a/eth0 10.0.0.1/24", "create address a/eth0 10.0.0.9/24",
                                 "create neighbours a/eth0", "create route a/10.1.0.0/16"});
}

TEST_CASE("a link that changes its master loses its routes and neighbours, in its namespace alone") {
  const auto slaveOf = [](const char* master) {
    State out = small();
    out.add(Vrf{"a", "red", 1001});
    out.add(Vrf{"a", "blue", 1002});
    out.add(makeVeth({"a", "eth0", {}, kDefaultMtu, true, master}, {"b", "eth0", {}, kDefaultMtu, true, ""}));
    out.add(Address{"b", "eth0", prefix("10.0.0.2/24")});
    out.add(Route{"b", kMainTable, prefix("10.2.0.0/16"), 0, RouteType::kUnicast, ip("10.0.0.1"), false, "eth0", {}});
    return out;
  };
  CHECK(told(plan::diff(slaveOf("blue"), slaveOf("red"))) ==
        std::vector<std::string>{"delete route a/10.1.0.0/16", "delete neighbours a/eth0", "update veth a/eth0",
                                 "create neighbours a/eth0", "create route a/10.1.0.0/16"});
}

TEST_CASE("a connected route that is missing is added, before the routes that need it, and nothing is taken off") {
  const State desired = small();
  State observed = desired;
  observed.remove(Route{"a", kMainTable, prefix("10.1.0.0/16")}.key());
  Address unrouted{"a", "eth0", prefix("10.0.0.1/24")};
  unrouted.lost.connected = 1001;
  observed.add(unrouted);
  const plan::Plan plan = plan::diff(desired, observed);
  CHECK(told(plan) == std::vector<std::string>{"update address a/eth0 10.0.0.1/24", "create route a/10.1.0.0/16"});
  CHECK(plan.steps[0].reason == "state connected route missing -> complete");
  CHECK(plan::renderShell(plan, "lab")
            .find("ip -n vpclab.lab.a route prepend 10.0.0.0/24 dev eth0 table 1001 protocol "
                  "kernel scope link src 10.0.0.1\n") != std::string::npos);
}

TEST_CASE("an address' local route is added before its connected one, which comes from there") {
  const State desired = small();
  State observed = desired;
  Address unrouted{"a", "eth0", prefix("10.0.0.1/24")};
  unrouted.lost = {kLocalTable, kLocalTable, kMainTable};
  observed.add(unrouted);
  const plan::Plan plan = plan::diff(desired, observed);
  REQUIRE(told(plan) == std::vector<std::string>{"update address a/eth0 10.0.0.1/24"});
  CHECK(plan.steps[0].reason == "state local, broadcast, connected routes missing -> complete");
  CHECK(
      plan::renderShell(plan, "lab")
          .find("ip -n vpclab.lab.a route prepend local 10.0.0.1/32 dev eth0 table 255 protocol kernel scope host src "
                "10.0.0.1\n"
                "ip -n vpclab.lab.a route prepend broadcast 10.0.0.255/32 dev eth0 table 255 protocol kernel scope "
                "link src 10.0.0.1\n"
                "ip -n vpclab.lab.a route prepend 10.0.0.0/24 dev eth0 table 254 protocol kernel scope link src "
                "10.0.0.1\n") != std::string::npos);
}

TEST_CASE("the kernel adds the connected routes of a link that changes its master") {
  const State desired = small();
  State observed = desired;
  observed.add(Vrf{"a", "red", 1001});
  observed.add(makeVeth({"a", "eth0", {}, kDefaultMtu, true, "red"}, {"b", "eth0", {}, kDefaultMtu, true, ""}));
  Address unrouted{"a", "eth0", prefix("10.0.0.1/24")};
  unrouted.lost.connected = 1001;
  observed.add(unrouted);
  for (const auto& step : plan::diff(desired, observed).steps) {
    CHECK_MESSAGE(step.key.kind != Kind::kAddress, step.key.toString());
  }
}

TEST_CASE("a loopback that is down is set up before the routes on it are made") {
  State desired = small();
  desired.add(Route{"a", 1000, prefix("10.6.0.1/32"), 0, RouteType::kLocal, {}, false, "lo", {}});
  State observed = small();
  observed.add(Netns{"a", 0, false});
  const plan::Plan plan = plan::diff(desired, observed);
  CHECK(told(plan) == std::vector<std::string>{"update netns a", "create route a/10.6.0.1/32 table 1000"});
  CHECK(plan.steps[0].reason == "loopback down -> up");
  const std::string shell = plan::renderShell(plan, "lab");
  CHECK(shell.find("ip -n vpclab.lab.a link set lo up\n") != std::string::npos);
  CHECK(shell.find("rule") == std::string::npos);
}

TEST_CASE("what is on the half of a cable whose far end has gone goes with it") {
  State desired = small();
  desired.add(
      Route{"a", 1000, prefix("10.6.0.0/16"), 0, RouteType::kUnicast, ip("10.0.0.2"), false, "eth0", ip("10.0.0.1")});
  State observed = desired;
  observed.remove(desired.of(Kind::kVeth).begin()->key());
  std::vector<std::string> made;
  for (const plan::Step& step : plan::diff(desired, observed).steps) {
    CHECK(step.action == plan::Action::kCreate);
    made.push_back(step.key.toString());
  }
  REQUIRE(made.size() >= 3);
  CHECK(made.front().starts_with("veth "));
  CHECK(std::find(made.begin(), made.end(), "address a/eth0 10.0.0.1/24") != made.end());
  CHECK(made.back() == "route a/10.6.0.0/16 table 1000");
}

TEST_CASE("a loopback that has lost its own routes gets them") {
  State observed = small();
  observed.add(Netns{"a", 0, true, false});
  const plan::Plan plan = plan::diff(small(), observed);
  CHECK(told(plan) == std::vector<std::string>{"update netns a"});
  CHECK(plan.steps[0].reason == "loopback routes missing -> complete");
  const std::string shell = plan::renderShell(plan, "lab");
  for (const std::string route : {"local 127.0.0.1/32", "local 127.0.0.0/8", "broadcast 127.255.255.255/32"}) {
    CHECK(shell.find("ip -n vpclab.lab.a route prepend " + route + " dev lo table 255 ") != std::string::npos);
  }
}

TEST_CASE("an address with a peer is another one than that without") {
  State observed = small();
  Address other{"a", "eth0", prefix("10.0.0.1/24")};
  other.peer = ip("10.0.0.9");
  observed.add(other);
  const plan::Plan plan = plan::diff(small(), observed);
  CHECK(told(plan) == std::vector<std::string>{"delete address a/eth0 10.0.0.1/24 peer 10.0.0.9"});
  CHECK(plan::renderShell(plan, "lab").find("address delete 10.0.0.1 peer 10.0.0.9/24 dev eth0\n") !=
        std::string::npos);
}

TEST_CASE("what is left of a tunnel is told as that") {
  State desired = small();
  desired.add(tunnel());
  State observed = small();
  WgDevice left{"a", "wg"};
  left.implementation = TunnelImplementation::kWireGuardGo;
  observed.add(left);
  const plan::Plan plan = plan::diff(desired, observed);
  REQUIRE(plan.steps.size() == 3);
  CHECK(plan.steps[0].reason == "its process or its interface is gone");
  CHECK(told(plan::diff(small(), observed)) == std::vector<std::string>{"delete wireguard a/wg"});
}

TEST_CASE("parameters that nobody wants are no difference") {
  State observed = small();
  observed.add(tests::sysctl("a", "net/ipv4/icmp_ratelimit", "1000"));
  observed.add(tests::sysctl("b", "net/ipv4/zzz", "1"));
  const Parameter other{"net/ipv4/conf/eth0/send_redirects", "1"};
  observed.add(Sysctls{"a", "eth0", Parameters({other, {"net/ipv4/conf/eth0/rp_filter", "0"}})});
  CHECK(plan::diff(small(), observed).empty());
  observed.add(Sysctls{"a", "eth0", Parameters({other, {"net/ipv4/conf/eth0/rp_filter", "1"}})});
  const plan::Plan plan = plan::diff(small(), observed);
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].reason == "net/ipv4/conf/eth0/rp_filter 1 -> 0");
  CHECK(plan::renderText(plan).find("update sysctl net/ipv4/conf/eth0/rp_filter=0  (") != std::string::npos);
}

TEST_CASE("a change in place touches the object only, and says what changes") {
  State observed = small();
  observed.add(cable(1400));
  const plan::Plan plan = plan::diff(small(), observed);
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].action == plan::Action::kUpdate);
  CHECK(plan.steps[0].reason == "mtu 1400 -> 1500");
}

TEST_CASE("of a namespace's parameters only those are written that differ, and what a new ip_forward resets") {
  const Parameter redirects{"net/ipv4/conf/all/accept_redirects", "0"};
  const Parameter filter{"net/ipv4/conf/all/rp_filter", "0"};
  State desired = small();
  desired.add(Sysctls{"a", {}, Parameters({redirects, filter, {kIpForward, "0"}})});
  State observed = small();
  observed.add(Sysctls{"a", {}, Parameters({redirects, filter, {kIpForward, "1"}})});
  const plan::Plan plan = plan::diff(desired, observed);
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].reason == "net/ipv4/ip_forward 1 -> 0");
  CHECK(plan.steps[0].disturbs == "connections through a break");
  CHECK(
      plan::renderShell(plan, "lab").find("sysctl -qw net/ipv4/ip_forward=0 net/ipv4/conf/all/accept_redirects=0\n") !=
      std::string::npos);
}

TEST_CASE("a tunnel's difference is told peer by peer, and never shows a private key") {
  WgDevice before = tunnel();
  WgDevice after = before;
  after.peers->begin()->second.allowedIps = {prefix("10.0.0.0/8"), prefix("192.168.0.0/16")};
  const std::string peer = after.peers->begin()->first.toBase64();
  CHECK(plan::compare(after, before) == plan::Change::kUpdate);
  CHECK(plan::describeDifference(after, before) ==
        "peer " + peer + " allowed-ips 10.0.0.0/8 -> 10.0.0.0/8,192.168.0.0/16");
  after.peers->clear();
  CHECK(plan::describeDifference(after, before) == "peer " + peer + " removed");
  State desired;
  desired.add(Netns{"a"});
  desired.add(Netns{"b"});
  desired.add(before);
  const plan::Plan plan = plan::diff(desired, {});
  const std::string all = plan::renderText(plan) + plan::toJson(plan).dump() + plan::renderShell(plan, "lab");
  CHECK(all.find(before.privateKey->toBase64()) == std::string::npos);
  CHECK(all.find(before.privateKey->toHex()) == std::string::npos);
  CHECK(all.find("$KEYS/wg") != std::string::npos);
}

TEST_CASE("a new tunnel is silent until everything that its handshake needs is there") {
  State desired = small();
  WgDevice device = tunnel();
  desired.add(device);
  const plan::Plan plan = plan::diff(desired, {});
  const auto about = [&](const plan::Step& step) { return step.key == device.key(); };
  const auto made = std::find_if(plan.steps.begin(), plan.steps.end(), about);
  const auto speaks = std::find_if(std::next(made), plan.steps.end(), about);
  REQUIRE(made != plan.steps.end());
  REQUIRE(speaks != plan.steps.end());
  CHECK(std::get<WgDevice>(*made->after).peers->begin()->second.keepaliveSeconds == 0);
  CHECK(speaks->action == plan::Action::kUpdate);
  CHECK(std::get<WgDevice>(*speaks->after) == device);
  CHECK(std::none_of(speaks, plan.steps.end(), [](const plan::Step& step) {
    return step.key.kind == Kind::kAddress || step.key.kind == Kind::kRoute;
  }));

  // Another VRF would drop the routes through it: such a change does not wait.
  WgDevice moved = device;
  moved.mtu = 1300;
  desired.add(moved);
  State observed = small();
  observed.add(device);
  State withRoute = desired;
  withRoute.add(Route{"a", kMainTable, prefix("10.9.0.0/16"), 0, RouteType::kUnicast, {}, false, "wg", {}});
  CHECK(told(plan::diff(withRoute, observed)) ==
        std::vector<std::string>{"update " + device.key().toString(), "create route a/10.9.0.0/16"});
}

TEST_CASE("a tunnel that gets another peer is silent to it, and to it alone, until the peer is there") {
  WgDevice before = tunnel();
  const net::WgKey old = before.peers->begin()->first;
  WgDevice after = before;
  net::WgKey added;
  added.bytes.fill(11);
  (*after.peers)[added] = {ip("100.64.0.3"), 51820, {prefix("192.168.0.0/16")}, 5};
  State observed = small();
  observed.add(before);
  State desired = small();
  desired.add(after);
  desired.add(Netns{"c"});
  desired.add(makeVeth({"c", "eth0", {}, kDefaultMtu, true, ""}, {"b", "eth1", {}, kDefaultMtu, true, ""}));
  desired.add(Address{"c", "eth0", prefix("100.64.0.3/24")});
  const plan::Plan plan = plan::diff(desired, observed);
  const auto steps = told(plan);
  REQUIRE(std::count(steps.begin(), steps.end(), "update " + after.key().toString()) == 2);
  CHECK(steps.back() == "update " + after.key().toString());
  const auto first = std::find_if(plan.steps.begin(), plan.steps.end(),
                                  [&](const plan::Step& step) { return step.key == after.key(); });
  const auto& told = *std::get<WgDevice>(*first->after).peers;
  CHECK(told.at(old).keepaliveSeconds == 5);
  CHECK(told.at(added).keepaliveSeconds == 0);
  CHECK(std::string(first->reason) == "peer " + added.toBase64() + " added");
  CHECK(std::get<WgDevice>(*plan.steps.back().before) == std::get<WgDevice>(*first->after));
  CHECK(std::get<WgDevice>(*plan.steps.back().after) == after);
  CHECK(std::string(plan.steps.back().reason) == "peer " + added.toBase64() + " keepalive 0 -> 5");
}

TEST_CASE("one backend's port touches that listener's process only, and the reason names it") {
  const auto balancer = [](std::uint16_t port) {
    LoadBalancer spec{"lb", {}};
    Listener web{"web"};
    web.listen = {"a", {}, 80};
    web.backends = {{"s1", ip("10.0.0.2"), port}, {"s2", ip("10.0.0.3"), 80}};
    spec.listeners = {web};
    return Process{"a", "lb", spec};
  };
  CHECK(plan::describeDifference(balancer(8080), balancer(80)) ==
        "listener web backend s1 10.0.0.2:80 weight 1 -> 10.0.0.2:8080 weight 1");
}

TEST_CASE("apply: what depends on a failure is skipped and names it; the rest goes on") {
  tests::FakeKernel kernel;
  const plan::Plan plan = plan::diff(small(), {});
  kernel.failAt(2, base::Error(base::ErrorKind::kSystem, "no"));  // "a": a batch runs from its end in the fake
  const plan::Report report = plan::apply(plan, kernel, "lab", base::Deadline::after(base::Milliseconds(1000)));
  REQUIRE(report.rootCauses().size() == 1);
  CHECK(report.rootCauses()[0]->step->key == Netns{"a"}.key());
  for (const auto& step : report.steps) {
    if (step.outcome == plan::Outcome::kSkipped) {
      CHECK(step.skippedBecause == "netns a");
    }
  }
  CHECK(kernel.observe("lab")->find(Netns{"b"}.key()) != nullptr);
}

TEST_CASE("apply: whichever operation fails, it is the one root cause, also of what is in the same batch") {
  for (std::size_t n = 1; n <= 7; ++n) {
    tests::FakeKernel kernel;
    const plan::Plan plan = plan::diff(small(), {});
    kernel.failAt(n, base::Error(base::ErrorKind::kSystem, "no"));
    const plan::Report report = plan::apply(plan, kernel, "lab", base::Deadline::after(base::Milliseconds(1000)));
    CAPTURE(n);
    REQUIRE(report.rootCauses().size() == 1);
    CHECK(report.rootCauses()[0]->error->message() == "no");
  }
}

TEST_CASE("apply stops cleanly when it is told to, and at its deadline") {
  tests::FakeKernel kernel;
  const plan::Plan plan = plan::diff(small(), {});
  const plan::Report cancelled = plan::apply(plan, kernel, "lab", base::Deadline::after(base::Milliseconds(1000)),
                                             [](std::size_t, std::size_t) { return false; });
  CHECK(cancelled.cancelled);
  CHECK(!cancelled.ok());
  CHECK(kernel.batches() == 1);
  const plan::Report late = plan::apply(plan, kernel, "other", base::Deadline::after(base::Milliseconds(0)));
  REQUIRE(late.rootCauses().size() == 1);
  CHECK(late.rootCauses()[0]->error->kind() == base::ErrorKind::kTimeout);
  CHECK(kernel.batches() == 1);
}

TEST_CASE("summary") {
  CHECK(plan::summary({}) == "No changes");
  CHECK(plan::summary(plan::diff(small(), {})) == "8 changes not applied yet: 8 to create");
  CHECK(plan::summary(plan::diff(small(), {}), plan::Told::kDrift) ==
        "8 differences from what was applied: 8 to create");
  CHECK(plan::summary({}, plan::Told::kDrift) == "No differences");
}
