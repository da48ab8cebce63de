// What is owned together: a large lab fits into memory only as long as it is.
#include <doctest/doctest.h>

#include "state/state.h"
#include "unit/state/objects.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::prefix;

namespace {

const Sysctls kForward = tests::sysctl("r", "net/ipv4/ip_forward", "1");
const Address kAddress{"r", "eth0", prefix("10.0.0.1/24")};
const Origin kVpc{"vpc v", {"lab.yaml", 3, 1}};
const Origin kVxnet{"vxnet n", {"lab.yaml", 9, 1}};

const Object* objectAt(const State& state, const Key& key) {
  const auto* entry = state.find(key);
  return entry == nullptr ? nullptr : entry->object.get();
}

const Origin* originAt(const State& state, const Key& key) {
  const auto* entry = state.find(key);
  return entry == nullptr ? nullptr : entry->origin.get();
}

}  // namespace

TEST_CASE("texts of entries that are made together are one, and so is the origin of several in a row") {
  const Address other{"s", "eth0", prefix("10.0.0.2/24")};
  EntryMaker maker;
  std::vector<Entry> entries;
  entries.push_back(maker.make(kForward, maker.shared(kVpc)));
  entries.push_back(maker.make(other, maker.shared(kVpc)));
  entries.push_back(maker.make(kAddress, maker.shared(kVxnet)));
  State state;
  state.add(std::move(entries));
  const auto* first = state.get<Sysctls>(kForward.key());
  const auto* second = state.get<Address>(other.key());
  const auto* third = state.get<Address>(kAddress.key());
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  REQUIRE(third != nullptr);
  CHECK(&second->link.str() == &third->link.str());
  CHECK(&first->netns.str() == &third->netns.str());
  CHECK(&maker.shared("r").str() == &first->netns.str());
  // The keys' own texts are the objects'.
  CHECK(&state.find(kForward.key())->key().netns.str() == &first->netns.str());
  CHECK(originAt(state, kForward.key()) == originAt(state, other.key()));
  CHECK(*originAt(state, kAddress.key()) == kVxnet);
}

TEST_CASE("what two States have alike is owned by both, what differs stays each one's own") {
  State own;
  own.add(kForward, kVpc);
  own.add(kAddress, kVpc);
  own.add(Netns{"only-here"}, kVpc);
  own.add(Bridge{"r", "b", net::Mac::fromSeed("a"), 1500}, kVpc);
  State other;
  other.add(kForward, kVpc);
  other.add(kAddress, kVxnet);
  other.add(Netns{"only-there"}, kVpc);
  other.add(Bridge{"r", "b", net::Mac::fromSeed("a"), 9000}, kVpc);
  const State before = own;
  const State theirs = other;
  own.shareWith(other);
  CHECK(own == before);
  CHECK(other == theirs);
  const auto bridge = keyOf(Bridge{"r", "b"});
  CHECK(objectAt(own, kForward.key()) == objectAt(other, kForward.key()));
  CHECK(originAt(own, kForward.key()) == originAt(other, kForward.key()));
  CHECK(objectAt(own, kAddress.key()) == objectAt(other, kAddress.key()));
  CHECK(*originAt(own, kAddress.key()) == kVpc);
  CHECK(objectAt(own, bridge) == objectAt(before, bridge));
  CHECK(own.get<Bridge>(bridge)->mtu == 1500);
  CHECK(originAt(own, bridge) == originAt(other, bridge));
  CHECK(own.find(keyOf(Netns{"only-here"})) != nullptr);
  CHECK(own.find(keyOf(Netns{"only-there"})) == nullptr);
}

TEST_CASE("what is observed takes over what is desired, with its origin, and keeps what only it has") {
  State observed;
  observed.add(kForward);
  observed.add(Netns{"only-here"});
  State desired;
  desired.add(kForward, kVpc);
  desired.add(kAddress, kVxnet);
  observed.adoptOrigins(desired);
  CHECK(observed.entries().size() == 2);
  CHECK(objectAt(observed, kForward.key()) == objectAt(desired, kForward.key()));
  CHECK(originAt(observed, kForward.key()) == originAt(desired, kForward.key()));
  CHECK(originAt(observed, keyOf(Netns{"only-here"}))->noun.empty());
  // It goes on as before.
  observed.add(tests::sysctl("s", "net/ipv4/ip_forward", "1"));
  CHECK(observed.entries().size() == 3);
}
