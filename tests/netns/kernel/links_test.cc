#include "kernel/links.h"

#include <cerrno>
#include <csignal>

#include "lab_fixture.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;

namespace {

VethEnd end(const std::string& netns, const std::string& name, const std::string& master = "") {
  VethEnd out{netns, name, net::Mac::fromSeed(netns + name)};
  out.master = master;
  return out;
}

Bridge bridge(const std::string& netns) {
  return {netns, "br0", net::Mac::fromSeed(netns), 1500, true};
}

}  // namespace

TEST_CASE("a bridge is made without spanning tree and snooping, changed in place, removed") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"sw"});
  Bridge wanted = bridge("sw");
  lab.create({wanted});
  CHECK(lab.holds(wanted));
  const auto link = lab.jsonIn("sw", "ip -j -d link show br0")[0];
  CHECK(link["address"] == wanted.mac.toString());
  CHECK(link["linkinfo"]["info_kind"] == "bridge");
  CHECK(link["linkinfo"]["info_data"]["stp_state"] == 0);
  CHECK(link["linkinfo"]["info_data"]["mcast_snooping"] == 0);
  CHECK(link["flags"].dump().find("\"UP\"") != std::string::npos);
  const Bridge before = wanted;
  wanted.mtu = 1400;
  wanted.mac = net::Mac::fromSeed("other");
  wanted.up = false;
  lab.update(before, wanted);
  CHECK(lab.holds(wanted));
  CHECK(lab.jsonIn("sw", "ip -j link show br0")[0]["ifindex"] == link["ifindex"]);
  const auto twice = lab.refuse(wanted);
  CHECK(twice.kind() == base::ErrorKind::kExists);
  CHECK(twice.message().find("create bridge br0 in sw") != std::string::npos);
  lab.remove({wanted});
  CHECK_FALSE(lab.has(wanted));
}

TEST_CASE("a veth pair is made across namespaces, both ends as asked, and found again as a pair") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"host", "sw", "host2"});
  lab.create({bridge("sw")});
  VethEnd outer = end("host", "eth0");
  outer.mtu = 1450;
  const Veth wanted = makeVeth(outer, end("sw", "host", "br0"));
  const Veth second = makeVeth(end("host2", "eth0"), end("sw", "host2", "br0"));
  lab.create({wanted, second});
  CHECK(lab.holds(wanted));
  CHECK(lab.holds(second));
  const auto inside = lab.jsonIn("host", "ip -j -d link show eth0")[0];
  CHECK(inside["address"] == outer.mac.toString());
  CHECK(inside["mtu"] == 1450);
  CHECK(inside["num_tx_queues"] == 1);
  CHECK(inside["operstate"] == "UP");
  CHECK(lab.jsonIn("sw", "bridge -j link show dev host")[0]["master"] == "br0");
  CHECK(lab.jsonIn("sw", "bridge -j link show dev host")[0]["state"] == "forwarding");

  Veth changed = wanted;
  changed.a.mtu = 1300;
  changed.b.master = {};
  lab.update(wanted, changed);
  CHECK(lab.holds(changed));
  CHECK(lab.jsonIn("host", "ip -j link show eth0")[0]["ifindex"] == inside["ifindex"]);

  lab.remove({changed});
  CHECK_FALSE(lab.has(changed));
  CHECK(lab.holds(second));
}

TEST_CASE("a link takes another index where the one it wants is taken, at either end") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"host", "sw"});
  const auto squat = [&](const std::string& netns, const std::string& name) {
    lab.in(netns, "ip link add squat-" + name + " index " +
                      std::to_string(kernel::ifIndexFor(lab.name, netns, name, 0)) + " type bridge");
  };
  squat("sw", "br0");
  squat("sw", "host");
  squat("host", "eth0");
  lab.create({bridge("sw")});
  const Veth wanted = makeVeth(end("host", "eth0"), end("sw", "host", "br0"));
  lab.create({wanted});
  CHECK(lab.holds(wanted));
}

TEST_CASE("what is left of a pair does not stop the next one; a foreign link does, and stays") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"host", "sw", "away"});
  lab.create({bridge("sw")});
  const Veth wanted = makeVeth(end("host", "eth0"), end("sw", "host", "br0"));
  lab.create({wanted});
  // Somebody moves the inner end away.
  lab.in("host", "ip link set eth0 netns " + lab.system->pinPath(lab.name, "away"));
  CHECK_FALSE(lab.holds(wanted));
  lab.create({wanted});
  CHECK(lab.holds(wanted));
  // The host's namespace is replaced while its old veth is still dying.
  lab.remove({Netns{"host"}});
  lab.makeNodes({"host"});
  lab.create({wanted});
  CHECK(lab.holds(wanted));
  // A stranger has the name.
  lab.remove({wanted});
  lab.in("sw", "ip link add host type bridge");
  const auto error = lab.refuse(wanted);
  CHECK(error.kind() == base::ErrorKind::kForeign);
  CHECK(error.message().find("host") != std::string::npos);
  CHECK(lab.in("sw", "ip -d link show host").find("bridge") != std::string::npos);
}

TEST_CASE("what others make in a lab's namespace is not the lab's, whatever it is") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"n"});
  const auto before = lab.observe();
  lab.in("n",
         "ip link add docker0 type bridge && ip link set docker0 up && ip addr add 10.9.0.1/24 dev docker0 && ip link "
         "add theirs type veth peer name other && ip addr add 10.9.1.1/24 dev theirs && tc qdisc add dev theirs root "
         "tbf rate 1mbit burst 10kb latency 50ms");
  const auto after = lab.observe();
  for (const auto& entry : after.entries()) {
    const bool known = before.find(entry.key()) != nullptr || entry.key().kind == Kind::kSysctl;
    CHECK_MESSAGE(known, entry.key().toString());
  }
  // One in the way is named.
  const auto error = lab.refuse([] {
    Bridge wanted = bridge("n");
    wanted.name = "docker0";
    return wanted;
  }());
  CHECK(error.kind() == base::ErrorKind::kForeign);
  CHECK(error.message().find("a link docker0 that is not ours (bridge) is in the way in n") != std::string::npos);
}

TEST_CASE("a node that somebody's process keeps is cut off when it goes, and another can take its place") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"host", "sw"});
  lab.create({bridge("sw")});
  const Veth wanted = makeVeth(end("host", "eth0"), end("sw", "host", "br0"));
  const auto keep = [&](const std::string& node) {
    return std::stoi(lab.in(node, "sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!'"));
  };
  const auto linksOf = [](int pid) {
    return tests::shell("nsenter --net=/proc/" + std::to_string(pid) + "/ns/net ip -br link");
  };
  lab.create({wanted});
  const int first = keep("host");
  CHECK(linksOf(first).find("eth0") != std::string::npos);
  lab.remove({Netns{"host"}});
  CHECK(linksOf(first).find("lo") != std::string::npos);
  CHECK(linksOf(first).find("eth0") == std::string::npos);
  lab.makeNodes({"host"});
  lab.create({wanted});
  CHECK(lab.holds(wanted));
  // The same where it was not we who took the pin away: its end of the cable stays, in a namespace that nobody names.
  for (const std::string node : {"host", "sw"}) {
    const int second = keep(node);
    tests::shell("umount " + lab.system->pinPath(lab.name, node) + " && rm " + lab.system->pinPath(lab.name, node));
    lab.makeNodes({node});
    if (node == "sw") {
      lab.create({bridge("sw")});
    }
    lab.create({wanted});
    CHECK(lab.holds(wanted));
    ::kill(second, SIGKILL);
  }
  ::kill(first, SIGKILL);
}

TEST_CASE("one step's failure does not touch the others of its batch") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"sw"});
  Bridge bad = bridge("sw");
  bad.name = "bad";
  bad.mtu = 1;
  Bridge missing = bridge("nowhere");
  const auto results = lab.execute(plan::Action::kCreate, {bridge("sw"), bad, missing});
  CHECK(results[0].has_value());
  REQUIRE_FALSE(results[1]);
  CHECK(results[1].error().kernelText() == "mtu less than device minimum");
  REQUIRE_FALSE(results[2]);
  CHECK(results[2].error().kind() == base::ErrorKind::kNotFound);
  CHECK(lab.holds(bridge("sw")));
}

TEST_CASE("what is left of a cable and goes by itself a moment later is waited for; what stays is told") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"host", "sw"});
  const Veth wanted = makeVeth(end("host", "eth0"), end("sw", "host"));
  for (const std::string node : {"host", "sw"}) {
    const std::string name = node == "host" ? "eth0" : "host";
    lab.in(node, "ip link add " + name + " type veth peer name other");
  }
  const auto there = lab.refuse(wanted);
  CHECK(there.message().find("a link eth0 that is not ours (veth) is in the way in host") != std::string::npos);
  lab.in("host", "ip link delete eth0");
  CHECK(lab.refuse(wanted).message().find("a link host that is not ours (veth) is in the way in sw") !=
        std::string::npos);
  lab.in("sw", "sh -c '(sleep 0.2; ip link delete host) >/dev/null 2>&1 &'");
  lab.create({wanted});
  CHECK(lab.holds(wanted));
}
