#include "state/neighbours.h"

#include <string>

#include <doctest/doctest.h>

#include "unit/state/objects.h"

namespace vpclab::state {

namespace {

std::string number(int i) {
  return std::to_string(i);
}

// So many servers on one bridge.
State vxnet(int servers) {
  State out;
  out.add(Bridge{"switch", "net"});
  for (int i = 0; i < servers; ++i) {
    const std::string name = "s" + number(i);
    out.add(makeVeth({"switch", name + ".net", net::Mac::fromSeed("port"), kDefaultMtu, true, "net"},
                     {name, "eth0", net::Mac::fromSeed(name)}));
    out.add(Address{name, "eth0", tests::prefix(("10.0.0." + number(i + 2) + "/24").c_str())});
  }
  return out;
}

const Neighbours* tableOf(const std::vector<std::pair<Neighbours, Key>>& all, const std::string& netns,
                          const std::string& link) {
  for (const auto& [table, place] : all) {
    if (table.netns == netns && table.link == link) {
      return &table;
    }
  }
  return nullptr;
}

}  // namespace

TEST_CASE("a lab whose neighbours the kernel can learn has no permanent ones") {
  CHECK(permanentNeighbours(State{}).empty());
  CHECK(permanentNeighbours(vxnet(16)).empty());  // 16 * 15 = 240
  CHECK(possibleNeighbours(vxnet(16)).size() == 16);
}

TEST_CASE("in a larger one each knows all others on its bridge or cable, and nobody else") {
  State state = vxnet(17);  // 17 * 16 = 272
  state.add(makeVeth({"router", "leg", net::Mac::fromSeed("leg")}, {"internet", "leg", net::Mac::fromSeed("far")}));
  state.add(Address{"router", "leg", tests::prefix("203.0.113.1/32")});
  state.add(Address{"router", "leg", tests::prefix("203.0.113.2/32")});
  state.add(Address{"internet", "leg", tests::prefix("203.0.113.9/24")});
  state.add(makeVeth({"mute", "eth0"}, {"internet", "mute"}));
  const auto all = permanentNeighbours(state);
  CHECK(all.size() == 17 + 2);
  const Neighbours* first = tableOf(all, "s0", "eth0");
  REQUIRE(first != nullptr);
  CHECK(first->entries.size() == 16);
  for (const auto& [address, mac] : first->entries) {
    CHECK(address != tests::ip("10.0.0.2"));
    const int i = static_cast<int>(address.v4HostOrder() & 0xFFU) - 2;
    CHECK(mac == net::Mac::fromSeed("s" + number(i)));
  }
  const Neighbours* far = tableOf(all, "internet", "leg");
  REQUIRE(far != nullptr);
  CHECK(far->entries.size() == 2);
  const Neighbours* leg = tableOf(all, "router", "leg");
  REQUIRE(leg != nullptr);
  CHECK(leg->entries == decltype(leg->entries){{tests::ip("203.0.113.9"), net::Mac::fromSeed("far")}});
  CHECK(tableOf(all, "internet", "mute") == nullptr);
  CHECK(all.front().second != all.back().second);
}

}  // namespace vpclab::state
