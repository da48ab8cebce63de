// The table of what is changed in place and what is replaced: complete, and what the diff goes by.
#include "plan/policy.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "plan/fields.h"
#include "unit/state/objects.h"

using namespace vpclab;
using namespace vpclab::state;

namespace {

// Each object of one kind with one property that differs from the first's: property -> object.
struct Variants {
  Object original;
  std::vector<Object> changed;
};

template <class T>
class Vary {
 public:
  explicit Vary(T original) : original_(std::move(original)), out_{original_, {}} {}
  template <class F>
  Vary& by(F&& change) {
    T copy = original_;
    change(copy);
    out_.changed.push_back(std::move(copy));
    return *this;
  }
  Variants take() { return std::move(out_); }

 private:
  T original_;
  Variants out_;
};

LoadBalancer balancer() {
  Listener web{"web"};
  web.listen = {"lb", {}, 80};
  web.backends = {{"s", tests::ip("10.0.0.2"), 80}};
  return {"lb", {web}};
}

std::vector<Variants> allVariants() {
  const net::Mac mac = net::Mac::fromSeed("another");
  WgDevice tunnel{"br", "wan", "pop"};
  tunnel.publicKey = tests::key(8);
  (*tunnel.peers)[tests::key(9)] = {tests::ip("100.64.0.2"), 51820, {tests::prefix("10.1.0.0/16")}, 25};
  const Process pages{"", "pages", PageServer{{{"s", {"s", {}, 80}, "text/html", "page"}}}};
  const Process command{"s", "run", Command{{"apache2"}, {{"/etc/x", "content"}}}};
  const Process lb{"lb", "lb", balancer()};
  return {
      Vary(Netns{"s"})
          .by([](auto& o) { o.localRulePriority = 30'000; })
          .by([](auto& o) { o.loopbackUp = false; })
          .by([](auto& o) { o.loopbackRouted = false; })
          .by([](auto& o) { o.loopbackAddress = false; })
          .by([](auto& o) { o.mainRule = false; })
          .take(),
      Vary(tests::sysctl("s", "net/ipv4/ip_forward", "0"))
          .by([](auto& o) { o = tests::sysctl("s", "net/ipv4/ip_forward", "1"); })
          .take(),
      Vary(Bridge{"sw", "net"})
          .by([&](auto& o) { o.mac = mac; })
          .by([](auto& o) { o.mtu = 1400; })
          .by([](auto& o) { o.up = false; })
          .take(),
      Vary(Vrf{"br", "vrf1", 1001}).by([](auto& o) { o.table = 1002; }).by([](auto& o) { o.up = false; }).take(),
      Vary(Veth{{"a", "eth0"}, {"b", "eth0"}})
          .by([](auto& o) { o.b.name = "eth9"; })
          .by([&](auto& o) { o.a.mac = mac; })
          .by([](auto& o) { o.a.mtu = 1400; })
          .by([](auto& o) { o.a.up = false; })
          .by([](auto& o) { o.a.master = "br"; })
          .by([&](auto& o) { o.b.mac = mac; })
          .by([](auto& o) { o.b.mtu = 1400; })
          .by([](auto& o) { o.b.up = false; })
          .by([](auto& o) { o.b.master = "br"; })
          .take(),
      Vary(tunnel)
          .by([](auto& o) { o.socketNetns = "elsewhere"; })
          .by([](auto& o) { o.implementation = TunnelImplementation::kWireGuardGo; })
          .by([](auto& o) { o.mtu = 1400; })
          .by([](auto& o) { o.up = false; })
          .by([](auto& o) { o.master = "vrf1"; })
          .by([](auto& o) { o.listenPort = 1; })
          .by([](auto& o) { o.publicKey = tests::key(1); })
          .by([](auto& o) { o.peers->clear(); })
          .by([](auto& o) { o.peers->begin()->second.allowedIps.clear(); })
          .by([](auto& o) { o.peers->begin()->second.endpointPort = 1; })
          .by([](auto& o) { o.peers->begin()->second.keepaliveSeconds = 1; })
          .take(),
      Vary(Address{"s", "eth0", tests::prefix("10.0.0.2/24")})
          .by([](auto& o) { o.noPrefixRoute = true; })
          .by([](auto& o) { o.secondary = true; })
          .by([](auto& o) { o.lost.connected = kMainTable; })
          .take(),
      Vary(Rule{"br", 1, "eth0", 0, std::nullopt, 1001})
          .by([](auto& o) { o.incomingInterface = "eth1"; })
          .by([](auto& o) { o.mark = 1; })
          .by([](auto& o) { o.source = tests::prefix("10.0.0.0/8"); })
          .by([](auto& o) { o.table = 1; })
          .take(),
      Vary(Route{"s", kMainTable, tests::prefix("10.1.0.0/16"), 0, RouteType::kUnicast, tests::ip("10.0.0.1")})
          .by([](auto& o) { o.type = RouteType::kBlackhole; })
          .by([](auto& o) { o.gateway = tests::ip("10.0.0.9"); })
          .by([](auto& o) { o.onlink = true; })
          .by([](auto& o) { o.device = "eth0"; })
          .by([](auto& o) { o.preferredSource = tests::ip("10.0.0.2"); })
          .take(),
      Vary(Neighbours{"s", "eth0", {{tests::ip("10.0.0.1"), net::Mac::fromSeed("x")}}})
          .by([](auto& o) { o.entries[0].second = net::Mac::fromSeed("y"); })
          .by([](auto& o) { o.entries.clear(); })
          .by([](auto& o) { o.entries.emplace_back(tests::ip("10.0.0.3"), net::Mac::fromSeed("z")); })
          .take(),
      Vary(Qdisc{"s", "eth0", 1000})
          .by([](auto& o) { o.rateBitsPerSecond = 8; })
          .by([](auto& o) { o.delayMicroseconds = 1; })
          .by([](auto& o) { o.jitterMicroseconds = 1; })
          .by([](auto& o) { o.lossPerMillion = 1; })
          .by([](auto& o) { o.netemRateBitsPerSecond = 8; })
          .take(),
      Vary(NftTable{"v", "\tchain x {\n\t\taccept\n\t}"}).by([](auto& o) { o.body = "\tchain x {\n\t}"; }).take(),
      Vary(pages)
          .by([](auto& o) { std::get<PageServer>(o.spec).sites[0].body = "other"; })
          .by([](auto& o) { std::get<PageServer>(o.spec).sites[0].contentType = "text/plain"; })
          .by([](auto& o) { std::get<PageServer>(o.spec).sites[0].listen.address = tests::ip("10.0.0.1"); })
          .by([](auto& o) { std::get<PageServer>(o.spec).sites.clear(); })
          .take(),
      Vary(command)
          .by([](auto& o) { o.spec = PageServer{}; })
          .by([](auto& o) { std::get<Command>(o.spec).argv = {"nginx"}; })
          .by([](auto& o) { std::get<Command>(o.spec).files[0].content = "other"; })
          .take(),
      Vary(lb)
          .by([](auto& o) { o.outdated = true; })
          .by([](auto& o) { o.ended = true; })
          .by([](auto& o) { std::get<LoadBalancer>(o.spec).listeners.clear(); })
          .by([](auto& o) { std::get<LoadBalancer>(o.spec).listeners[0].listen.port = 8080; })
          .by([](auto& o) { std::get<LoadBalancer>(o.spec).listeners[0].backends[0].weight = 2; })
          .by([](auto& o) { std::get<LoadBalancer>(o.spec).listeners[0].healthCheck.fall = 9; })
          .take(),
  };
}

std::string lineOf(const plan::Policy& policy) {
  std::string out = std::string(nameOf(policy.kind)) + "\t" + std::string(policy.property) + "\t";
  out += policy.identity ? "another object" : policy.change == plan::Change::kUpdate ? "in place" : "replaced";
  return out + "\t" + std::string(policy.because) + "\n";
}

}  // namespace

TEST_CASE("every field of every kind has exactly one line, and compare() goes by it") {
  std::set<const plan::Policy*> used;
  std::set<Kind> kinds;
  for (const auto& variants : allVariants()) {
    const Kind kind = keyOf(variants.original).kind;
    kinds.insert(kind);
    for (const auto& changed : variants.changed) {
      const auto fields = plan::differingFields(changed, variants.original);
      const std::string told = plan::describeDifference(changed, variants.original);
      CAPTURE(told);
      REQUIRE_FALSE(fields.empty());
      bool replace = false;
      for (const auto& field : fields) {
        CAPTURE(field);
        const plan::Policy* policy = plan::policyOf(kind, field);
        REQUIRE(policy != nullptr);
        used.insert(policy);
        replace = replace || policy->change == plan::Change::kReplace;
      }
      CHECK((plan::compare(changed, variants.original) == plan::Change::kReplace) == replace);
      CHECK(plan::compare(variants.original, variants.original) == plan::Change::kNone);
    }
    for (const auto& field : plan::fieldsOf(variants.original)) {
      CAPTURE(field.first);
      CHECK(plan::policyOf(kind, field.first) != nullptr);
    }
  }
  CHECK(kinds.size() == kKindCount);
  std::map<Kind, int> identities;
  for (const auto& policy : plan::policies()) {
    CAPTURE(lineOf(policy));
    CHECK((policy.identity || used.count(&policy) == 1));
    identities[policy.kind] += policy.identity ? 1 : 0;
  }
  for (const auto& [kind, count] : identities) {
    CHECK(count == 1);
  }
}

TEST_CASE("the table as it is") {
  std::string text;
  for (const auto& policy : plan::policies()) {
    text += lineOf(policy);
  }
  const std::string path = std::string(VPCLAB_SOURCE_DIR) + "/tests/golden/plan/policy.tsv";
  if (std::getenv("VPCLAB_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream want;
  want << in.rdbuf();
  CHECK(text == want.str());
}
