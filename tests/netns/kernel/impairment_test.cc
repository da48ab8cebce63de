// Loss by nft at the ingress, and what each change leaves alone, as nft(8), tc(8) and ip(8) see it.
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
};

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
    walk.insert(walk.end(), {{"a", "eth0", 20'000'000, 5'000, 1'000, 10'000},
                             {"a", "eth0", 0, 5'000},
                             {"a", "eth0", 0, 0, 0, 500'000},
                             {"a", "eth0", 30'000'000}});
  }
  for (const Qdisc& next : walk) {
    lab.update(now, next);
    CHECK(lab.holds(next));
    now = next;
  }
  CHECK(lab.in("a", "tc qdisc show dev long.name-1~x") == untouched);
  lab.remove({now});
  CHECK_FALSE(lab.has(now));
  CHECK(lab.holds(neighbour));
}
