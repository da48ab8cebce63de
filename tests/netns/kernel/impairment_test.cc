// Loss by nft at the ingress, and what each change leaves alone, as nft(8), tc(8) and ip(8) see it.
#include <map>

#include "lab_fixture.h"
#include "state/ingress_loss.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;

namespace {

struct Pair : LabFixture {
  Pair() : LabFixture("loss") {
    makeNodes({"a", "b"});
    const auto end = [](const char* netns, const char* link) {
      return VethEnd{netns, link, net::Mac::fromSeed(std::string(netns) + link), kDefaultMtu, true, ""};
    };
    create({makeVeth(end("a", "eth0"), end("b", "eth0")), makeVeth(end("a", "long.name-1~x"), end("b", "eth1"))});
    create({Address{"a", "eth0", *net::Prefix::parse("10.9.0.1/24")},
            Address{"b", "eth0", *net::Prefix::parse("10.9.0.2/24")}});
  }
  int lost(int of) {
    const std::string said = in("a", "ping -q -i 0.002 -W 1 -c " + std::to_string(of) + " 10.9.0.2");
    const auto at = said.find(" received");
    REQUIRE(at != std::string::npos);
    const auto begin = said.rfind(' ', at - 1) + 1;
    return of - std::stoi(said.substr(begin, at - begin));
  }
  // As tc(8) sees them: what stands where, and what it does.
  using Queues = std::map<std::string, std::string>;
  Queues queues(const std::string& node, const std::string& link) {
    Queues out;
    for (const auto& one : jsonIn(node, "tc -j qdisc show dev " + link)) {
      const std::string kind = one.value("kind", "");
      if (kind != "noqueue") {
        const nlohmann::json options = one.value("options", nlohmann::json::object());
        out[one.value("parent", "root")] = kind + (options.contains("rate") ? " with a rate" : "");
      }
    }
    return out;
  }
  // What a's queues have dropped while some ping at the same time.
  std::int64_t dropped(int pings, const std::string& how) {
    const auto drops = [this] {
      std::int64_t out = 0;
      for (const auto& one : jsonIn("a", "tc -s -j qdisc show dev eth0")) {
        out += one.value("drops", std::int64_t{0});
      }
      return out;
    };
    const auto before = drops();
    std::string command;
    for (int i = 0; i < pings; ++i) {
      command += "ping -q " + how + " -W 1 10.9.0.2 & ";
    }
    in("a", "sh -c '" + command + "wait'");
    return drops() - before;
  }
  void settle(const State& desired) {
    const auto plan = plan::diff(desired, observe());
    for (const auto& result : system->execute(name, plan.steps, soon())) {
      CHECK_MESSAGE(result, result.error().message());
    }
  }
};

Pair::Queues queuesOf(const Qdisc& line) {
  const std::string rate = "tbf with a rate";
  if (!line.needsNetem()) {
    return {{"root", rate}};
  }
  return line.rateBitsPerSecond == 0 ? Pair::Queues{{"root", "netem"}} : Pair::Queues{{"root", "netem"}, {"1:1", rate}};
}

}  // namespace

TEST_CASE("packets get lost where they arrive") {
  if (!kernel::probe(nullptr)->ingressLoss) {
    MESSAGE("this kernel's nftables has no netdev family");
    return;
  }
  Pair lab;
  const NftTable table = ingressLossTable("b", {{"eth0", 300'000}, {"eth1", 1'000'000}});
  const NftTable other = ingressLossTable("a", {{"long.name-1~x", 1}});
  lab.create({table, other});
  CHECK(lab.holds(table));
  CHECK(lab.holds(other));
  CHECK(lab.in("b", "nft -s list table netdev vpclab") == "table netdev vpclab {\n" + table.body + "\n}\n");
  const int some = lab.lost(400);
  CHECK(some > 80);
  CHECK(some < 240);  // a busy machine loses some more

  // Beside a table ip of ours, either goes without the other.
  const NftTable nat{"b", "\tchain x {\n\t}"};
  lab.create({nat});
  const std::string links = lab.in("b", "ip -o link");
  const NftTable less = ingressLossTable("b", {{"eth0", 1}});
  lab.update(table, less);
  CHECK(lab.holds(less));
  CHECK(lab.holds(nat));
  CHECK(lab.lost(100) == 0);
  CHECK(lab.in("b", "ip -o link") == links);
  lab.remove({nat});
  CHECK(lab.holds(less));
  lab.remove({less});
  lab.remove({less});
  CHECK_FALSE(lab.has(less));
  CHECK(lab.holds(other));
}

TEST_CASE("an interface that comes back has its loss again") {
  if (!kernel::probe(nullptr)->ingressLoss) {
    return;
  }
  Pair lab;
  State desired = lab.observe();
  const NftTable table = ingressLossTable("b", {{"eth0", 300'000}, {"eth1", 500'000}});
  desired.add(table);
  lab.create({table});
  lab.in("b", "ip link delete eth1");
  // Kernels differ in what they leave of a table whose interface has gone; a plan or two put it right.
  for (int round = 0; round < 2; ++round) {
    const auto plan = plan::diff(desired, lab.observe());
    for (const auto& step : plan.steps) {
      const auto results = lab.system->execute(lab.name, std::span(&step, 1), LabFixture::soon());
      CHECK(results.front());
    }
  }
  CHECK(plan::diff(desired, lab.observe()).empty());
  CHECK(lab.in("b", "nft list table netdev vpclab").find("device \"eth1\"") != std::string::npos);
}

TEST_CASE("a qdisc changes in place, from one kind to the other, and away") {
  Pair lab;
  const Qdisc neighbour{"a", "long.name-1~x", 1'000'000};
  Qdisc now{"a", "eth0", 10'000'000};
  lab.create({neighbour, now});
  const std::string untouched = lab.in("a", "tc qdisc show dev long.name-1~x");
  std::vector<Qdisc> walk{{"a", "eth0", 20'000'000}};
  if (kernel::probe(nullptr)->netem) {
    const Qdisc rate{"a", "eth0", 30'000'000};
    const Qdisc delay{"a", "eth0", 0, 5'000};
    const Qdisc both{"a", "eth0", 20'000'000, 5'000, 1'000, 10'000};
    walk.insert(walk.end(), {both,
                             {"a", "eth0", 10'000'000, 7'000},
                             delay,
                             {"a", "eth0", 0, 0, 0, 500'000},
                             both,
                             rate,
                             delay,
                             rate,
                             both});
  }
  for (const Qdisc& next : walk) {
    lab.update(now, next);
    CHECK(lab.holds(next));
    CHECK(lab.queues("a", "eth0") == queuesOf(next));
    now = next;
  }
  CHECK(lab.in("a", "tc qdisc show dev long.name-1~x") == untouched);
  lab.remove({now});
  CHECK_FALSE(lab.has(now));
  CHECK(lab.queues("a", "eth0").empty());
  CHECK(lab.holds(neighbour));
}

TEST_CASE("many small packets get through a line with a rate, delayed or not") {
  Pair lab;
  Qdisc line{"a", "eth0", 4'000'000};
  lab.create({line});
  // Four in a millisecond, as far as the machine keeps up.
  CHECK(lab.dropped(8, "-c 200 -i 0.002 -s 64") == 0);
  if (!kernel::probe(nullptr)->netem) {
    MESSAGE("this kernel has no netem");
    return;
  }
  const Qdisc delayed{"a", "eth0", 4'000'000, 200'000};
  lab.update(line, delayed);
  CHECK(lab.dropped(8, "-c 200 -i 0.002 -s 64") == 0);
  CHECK(lab.dropped(8, "-c 100 -i 0.002 -s 1400") > 100);  // which is more than the rate
  const std::string said = lab.in("a", "ping -q -c 3 -i 0.2 10.9.0.2");
  const auto at = said.find(" = ");
  REQUIRE(at != std::string::npos);
  CHECK(std::stod(said.substr(at + 3)) >= 200);
}

TEST_CASE("either half of a line's queues is missed, and what a hand has done to it is undone") {
  if (!kernel::probe(nullptr)->netem) {
    MESSAGE("this kernel has no netem");
    return;
  }
  Pair lab;
  const State without = lab.observe();
  const Qdisc rate{"a", "eth0", 8'000'000};
  const Qdisc delay{"a", "eth0", 0, 50'000};
  const Qdisc both{"a", "eth0", 8'000'000, 50'000};
  const std::string tc = "tc qdisc ";
  const std::string ownRate = tc + "replace dev eth0 root handle 1: netem delay 50ms rate 8mbit";
  const std::vector<std::pair<Qdisc, std::string>> byHand{
      {both, tc + "delete dev eth0 parent 1:1"},
      {both, tc + "delete dev eth0 root"},
      {both, tc + "change dev eth0 parent 1:1 handle 2: tbf rate 9mbit burst 16kb latency 50ms"},
      {both, tc + "delete dev eth0 parent 1:1 && " + tc + "add dev eth0 parent 1:1 handle 2: pfifo limit 10"},
      {both, tc + "replace dev eth0 parent 1:1 handle 3: pfifo limit 10"},
      {both, tc + "change dev eth0 root handle 1: netem delay 60ms"},
      {both, tc + "replace dev eth0 root handle 3: netem delay 50ms rate 8mbit"},
      {both, tc + "change dev eth0 root handle 1: netem delay 50ms rate 7mbit"},
      {both, tc + "delete dev eth0 root && " + ownRate},
      {delay, ownRate},
      {delay, tc + "add dev eth0 parent 1:1 handle 2: tbf rate 8mbit burst 16kb latency 50ms"},
      {rate, tc + "delete dev eth0 root && " + ownRate},
  };
  for (const auto& [line, hand] : byHand) {
    const std::string what = hand;
    CAPTURE(what);
    State desired = without;
    desired.add(line);
    lab.settle(desired);
    int status = 0;
    const std::string said = lab.in("a", "sh -c '" + hand + "'", &status);
    REQUIRE_MESSAGE(status == 0, said);
    CHECK_FALSE(plan::diff(desired, lab.observe()).empty());
    lab.settle(desired);
    CHECK(plan::diff(desired, lab.observe()).empty());
    CHECK(lab.queues("a", "eth0") == queuesOf(line));
  }
  lab.in("a", ownRate);
  lab.settle(without);
  CHECK(lab.queues("a", "eth0").empty());
}
