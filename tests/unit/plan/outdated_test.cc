#include "plan/outdated.h"

#include <string>

#include <doctest/doctest.h>

#include "fake/fake_kernel.h"
#include "plan/apply.h"
#include "state/neighbours.h"
#include "unit/state/objects.h"

using namespace vpclab;
using namespace vpclab::state;

namespace {

// Servers on one bridge, with their addresses.
State vxnet(const std::vector<std::pair<std::string, std::string>>& servers) {
  State out;
  out.add(Netns{"switch"});
  out.add(Bridge{"switch", "net"});
  for (const auto& [name, address] : servers) {
    out.add(Netns{name});
    out.add(makeVeth({"switch", name + ".net", net::Mac::fromSeed("port" + name), kDefaultMtu, true, "net"},
                     {name, "eth0", net::Mac::fromSeed(name)}));
    out.add(Address{name, "eth0", tests::prefix((address + "/24").c_str())});
  }
  return out;
}

// "a: 10.0.0.3 10.0.0.4; b: 10.0.0.3"
std::string outdated(const State& desired, const State& observed) {
  std::string out;
  for (const auto& table : plan::outdatedNeighbours(plan::diff(desired, observed), desired, observed)) {
    out += (out.empty() ? "" : "; ") + table.netns.str() + ":";
    for (const auto& [address, mac] : table.entries) {
      out += " " + address.toString();
    }
  }
  return out;
}

}  // namespace

TEST_CASE("who takes an address over is to be learnt anew, by those who stay") {
  const State before = vxnet({{"a", "10.0.0.2"}, {"b", "10.0.0.3"}, {"d", "10.0.0.9"}});
  CHECK(outdated(before, State{}).empty());
  CHECK(outdated(before, before).empty());
  CHECK(outdated(vxnet({{"a", "10.0.0.2"}, {"c", "10.0.0.3"}, {"d", "10.0.0.9"}}), before) ==
        "a: 10.0.0.3; d: 10.0.0.3");
  CHECK(outdated(vxnet({{"a", "10.0.0.3"}, {"b", "10.0.0.2"}, {"d", "10.0.0.9"}}), before) ==
        "a: 10.0.0.2; b: 10.0.0.3; d: 10.0.0.2 10.0.0.3");
  // Killed between: nobody has it, but somebody had.
  CHECK(outdated(vxnet({{"a", "10.0.0.2"}, {"c", "10.0.0.3"}}), vxnet({{"a", "10.0.0.2"}})) == "a: 10.0.0.3");
  // Who is new has learnt nobody.
  CHECK(outdated(vxnet({{"a", "10.0.0.2"}, {"b", "10.0.0.3"}, {"d", "10.0.0.9"}, {"e", "10.0.0.4"}}), before) ==
        "a: 10.0.0.4; b: 10.0.0.4; d: 10.0.0.4");
}

TEST_CASE("a MAC that a hand has changed is to be learnt anew when it is back") {
  const State desired = vxnet({{"a", "10.0.0.2"}, {"b", "10.0.0.3"}});
  State observed = desired;
  Veth veth = makeVeth({"switch", "b.net", net::Mac::fromSeed("portb"), kDefaultMtu, true, "net"},
                       {"b", "eth0", net::Mac::fromSeed("hand")});
  observed.remove(veth.key());
  observed.add(veth);
  CHECK(outdated(desired, observed) == "a: 10.0.0.3");
}

TEST_CASE("permanent neighbours are objects, of which nothing is left") {
  const State before = vxnet({{"a", "10.0.0.2"}, {"b", "10.0.0.3"}});
  State desired = vxnet({{"a", "10.0.0.3"}, {"b", "10.0.0.2"}});
  CHECK_FALSE(outdated(desired, before).empty());
  for (auto& [table, place] : possibleNeighbours(desired)) {
    desired.add(table);
  }
  CHECK(outdated(desired, before).empty());
}

TEST_CASE("it is cleared between what goes and what comes, and at the end") {
  tests::FakeKernel kernel;
  const auto go = [&kernel](const State& desired) {
    std::vector<std::size_t> at;
    const auto plan = plan::diff(desired, *kernel.observe("lab"));
    const std::size_t before = kernel.operations();
    CHECK(plan::apply(plan, kernel, "lab", base::Deadline::after(base::Milliseconds(10'000)), {}, {}, [&] {
            at.push_back(kernel.operations() - before);
          }).ok());
    std::size_t deletions = 0;
    for (const auto& step : plan.steps) {
      deletions += step.action == plan::Action::kDelete ? 1 : 0;
    }
    CHECK(at == std::vector<std::size_t>{deletions, plan.steps.size()});
    return deletions;
  };
  CHECK(go(vxnet({{"a", "10.0.0.2"}, {"b", "10.0.0.3"}})) == 0);
  CHECK(go(vxnet({{"a", "10.0.0.2"}, {"c", "10.0.0.3"}})) != 0);
}
