#include "state/state.h"

#include <algorithm>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "unit/state/objects.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::ip;
using tests::prefix;

namespace {

State stateOf(const std::vector<Object>& objects) {
  State out;
  for (const auto& object : objects) {
    out.add(object);
  }
  return out;
}

bool isInOrder(const State& state) {  // no key twice
  return std::adjacent_find(state.entries().begin(), state.entries().end(), [](const Entry& x, const Entry& y) {
           return !(x.key() < y.key());
         }) == state.entries().end();
}

}  // namespace

TEST_CASE("an object is found by its key, replaced by another of the same key, and gone after remove") {
  State state;
  CHECK(state.empty());
  const Bridge bridge{"switch.r", "net", net::Mac::fromSeed("a")};
  state.add(bridge, {"vxnet net", {"lab.yaml", 3, 1}});
  const Key key{Kind::kBridge, "", "switch.r", "net"};
  REQUIRE(state.get<Bridge>(key) != nullptr);
  CHECK(*state.get<Bridge>(key) == bridge);
  CHECK(state.get<Vrf>(key) == nullptr);
  CHECK(state.find(key)->origin->noun == "vxnet net");
  Bridge other = bridge;
  other.mtu = 9000;
  state.add(other);
  CHECK(state.entries().size() == 1);
  CHECK(state.get<Bridge>(key)->mtu == 9000);
  CHECK(state.find(key)->origin->noun.empty());
  state.remove({Kind::kVrf, "", "switch.r", "net"});
  CHECK(state.entries().size() == 1);
  state.remove(key);
  CHECK(state.find(key) == nullptr);
  CHECK(state.empty());
}

TEST_CASE("every kind has a name, and a key of its own kind") {
  std::set<std::string_view> names;
  std::set<Kind> kinds;
  for (int i = 0; i < kKindCount; ++i) {
    names.insert(nameOf(static_cast<Kind>(i)));
  }
  CHECK(names.size() == kKindCount);
  CHECK(names.count("unknown") == 0);
  for (const auto& object : tests::oneOfEach()) {
    kinds.insert(keyOf(object).kind);
  }
  CHECK(kinds.size() == kKindCount);
  CHECK(stateOf(tests::oneOfEach()).entries().size() == tests::oneOfEach().size());
}

TEST_CASE("keys read as people name things") {
  CHECK(keyOf(Netns{"bj-server1"}).toString() == "netns bj-server1");
  CHECK(keyOf(Bridge{"switch.r", "net"}).toString() == "bridge switch.r/net");
  CHECK(keyOf(Address{"s", "eth0", prefix("10.0.0.2/24")}).toString() == "address s/eth0 10.0.0.2/24");
  CHECK(Key{Kind::kNetns, "host2", "s", ""}.toString() == "netns host2:s");
}

TEST_CASE("routes differ by table, destination and metric, and by nothing else") {
  const Route plain{"s", kMainTable, prefix("10.1.0.0/16")};
  CHECK(plain.key().name == "10.1.0.0/16");
  Route other = plain;
  other.gateway = ip("10.0.0.1");
  other.type = RouteType::kBlackhole;
  CHECK(other.key() == plain.key());
  Route inTable = plain;
  inTable.table = 1001;
  CHECK(inTable.key().name == "10.1.0.0/16 table 1001");
  Route heavy = inTable;
  heavy.metric = 5;
  CHECK(heavy.key().name == "10.1.0.0/16 table 1001 metric 5");
}

TEST_CASE("keys are ordered by kind, namespaces first") {
  const State state = stateOf(tests::oneOfEach());
  CHECK(std::is_sorted(state.entries().begin(), state.entries().end(),
                       [](const auto& x, const auto& y) { return x.key().kind < y.key().kind; }));
  CHECK(state.entries().front().key().kind == Kind::kNetns);
}

TEST_CASE("states are equal by their objects, whatever the order of adding and the origins") {
  auto objects = tests::oneOfEach();
  const State one = stateOf(objects);
  std::reverse(objects.begin(), objects.end());
  State other;
  for (const auto& object : objects) {
    other.add(object, {"somebody else", {"other.yaml", 1, 1}});
  }
  CHECK(one == other);
  other.remove(keyOf(Netns{"s"}));
  CHECK_FALSE(one == other);
  CHECK_FALSE(other == one);
  other.add(Netns{"s", 30'000});
  CHECK_FALSE(one == other);
}

TEST_CASE("many objects at once come to the same as one by one, in whatever order") {
  for (const unsigned seed : {1U, 2U, 3U, 4U}) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::vector<Object> objects = tests::oneOfEach();
    for (int i = 0; i < 300; ++i) {
      const std::string netns = "s" + std::to_string(random() % 20);
      objects.emplace_back(tests::sysctl(netns, "net/a", std::to_string(random() % 3), std::to_string(random() % 10)));
      objects.emplace_back(Netns{netns});
    }
    std::shuffle(objects.begin(), objects.end(), random);
    const State one = stateOf(objects);  // the last one with a key counts
    State other;
    EntryMaker maker;
    for (std::size_t begin = 0; begin < objects.size();) {
      const std::size_t end = std::min(objects.size(), begin + 1 + random() % 200);
      std::vector<Entry> some;
      for (; begin < end; ++begin) {
        some.push_back(maker.make(objects[begin]));
      }
      other.add(std::move(some));
    }
    CHECK(one == other);
    CHECK(isInOrder(one));
    CHECK(isInOrder(other));

    std::vector<Key> keys{{Kind::kVrf, "", "nobody", "has"}};
    for (const auto& entry : one.entries()) {
      if (random() % 3 == 0) {
        keys.push_back(entry.key());
      }
    }
    keys.push_back(keys.back());
    std::shuffle(keys.begin(), keys.end(), random);
    State less = one;
    less.remove(keys);
    other.remove(Key(keys.front()));
    for (const auto& key : keys) {
      other.remove(key);
      CHECK(less.find(key) == nullptr);
    }
    CHECK(less == other);
    CHECK(isInOrder(less));
  }
}

TEST_CASE("what lies in a namespace is found, and nothing of its neighbours") {
  State state;
  for (const char* netns : {"s", "s1", "s10"}) {
    state.add(Netns{netns});
    state.add(tests::sysctl(netns, "net/a", "0", "a"));
    state.add(tests::sysctl(netns, "net/b", "0", "b"));
  }
  CHECK(state.of(Kind::kNetns).size() == 3);
  CHECK(state.of(Kind::kVeth).empty());
  CHECK(state.in("s1", Kind::kSysctl).size() == 2);
  CHECK(state.in("s2", Kind::kSysctl).empty());
  std::vector<std::string> seen;
  state.eachIn<Sysctls>("s", [&](const Key& key, const Sysctls&) { seen.push_back(key.toString()); });
  CHECK(seen == std::vector<std::string>{"sysctl s/a", "sysctl s/b"});
  CHECK(state.from({Kind::kSysctl, "", "s1", "b"})->key().name == "b");
  CHECK(state.from({Kind::kProcess}) == state.entries().end());
}

TEST_CASE("States share what is equal, and only that; origins by themselves") {
  const Origin old{"server s", {"lab.yaml", 3, 1}};
  State remembered;
  remembered.add(Netns{"s"}, old);
  remembered.add(Netns{"t"}, old);
  remembered.add(Netns{"u"}, old);
  State fresh;
  fresh.add(Netns{"s"}, old);
  fresh.add(Netns{"t", 5}, old);
  fresh.add(Netns{"u"}, {"server u", {"lab.yaml", 9, 1}});
  fresh.add(Netns{"v"}, old);
  const State before = fresh;
  fresh.shareWith(remembered);
  CHECK(fresh == before);
  const auto at = [](const State& state, const char* name) { return *state.find(Netns{name}.key()); };
  CHECK(at(fresh, "s").object == at(remembered, "s").object);
  CHECK(at(fresh, "s").origin == at(remembered, "s").origin);
  CHECK(at(fresh, "t").object != at(remembered, "t").object);
  CHECK(at(fresh, "t").origin == at(remembered, "t").origin);
  CHECK(at(fresh, "u").object == at(remembered, "u").object);
  CHECK(at(fresh, "u").origin->noun == "server u");

  State seen;
  seen.add(Netns{"s"});
  seen.add(Netns{"w"});
  seen.adoptOrigins(fresh);
  CHECK(at(seen, "s").object == at(fresh, "s").object);
  CHECK(at(seen, "s").origin->noun == "server s");
  CHECK(at(seen, "w").origin->noun.empty());
}

TEST_CASE("normalising twice is normalising once, and keeps the key") {
  for (const auto& object : tests::oneOfEach()) {
    CAPTURE(keyOf(object).toString());
    const Object once = normalise(object);
    CHECK((normalise(once) == once));
    if (!std::holds_alternative<Veth>(object) && !std::holds_alternative<Route>(object)) {
      CHECK((keyOf(once) == keyOf(object)));
    }
  }
}

TEST_CASE("a veth pair is the same from both ends") {
  const VethEnd left{"a", "x"};
  const VethEnd right{"b", "w"};
  CHECK(normalise(Veth{right, left}) == normalise(Veth{left, right}));
  CHECK(keyOf(normalise(Veth{right, left})).toString() == "veth a/x");
  CHECK(makeVeth({"a", "y"}, {"a", "x"}).a.name == "x");
}

TEST_CASE("a route keeps no host bits, and an unreachable one neither next hop nor device") {
  Route route{"s", kMainTable, prefix("10.1.2.3/16"), 0, RouteType::kUnicast, ip("10.0.0.1")};
  route.device = "eth0";
  State state;
  state.add(route);
  const auto* kept = state.get<Route>({Kind::kRoute, "", "s", "10.1.0.0/16"});
  REQUIRE(kept != nullptr);
  CHECK(kept->gateway == ip("10.0.0.1"));
  CHECK(kept->device == "eth0");
  for (const auto type : {RouteType::kUnreachable, RouteType::kBlackhole}) {
    route.type = type;
    state.add(route);
    kept = state.get<Route>({Kind::kRoute, "", "s", "10.1.0.0/16"});
    CHECK_FALSE(kept->gateway);
    CHECK(kept->device.empty());
  }
}

TEST_CASE("order means nothing among peers' networks, pages and listeners, and something among backends") {
  WgDevice device;
  (*device.peers)[tests::key(1)].allowedIps = {prefix("10.2.0.0/16"), prefix("10.1.0.0/16")};
  WgDevice sorted = device;
  std::swap((*sorted.peers)[tests::key(1)].allowedIps[0], (*sorted.peers)[tests::key(1)].allowedIps[1]);
  CHECK(normalise(device) == normalise(sorted));

  const PageSite s{"s", {"s", ip("0.0.0.0"), 80}, "", ""};
  const PageSite t{"t", {"t", ip("0.0.0.0"), 80}, "", ""};
  CHECK(normalise(Process{"", "pages", PageServer{{s, t}}}) == normalise(Process{"", "pages", PageServer{{t, s}}}));

  Listener listener;
  listener.backends = {{"a", ip("10.0.0.2"), 80}, {"b", ip("10.0.0.3"), 80}};
  Listener turned = listener;
  std::swap(turned.backends[0], turned.backends[1]);
  CHECK_FALSE(normalise(Process{"lb", "lb", LoadBalancer{"lb", {listener}}}) ==
              normalise(Process{"lb", "lb", LoadBalancer{"lb", {turned}}}));
}

TEST_CASE("an nft table is compared without the line feeds behind it") {
  CHECK(normalise(NftTable{"v", "a\nb\n\n"}) == normalise(NftTable{"v", "a\nb"}));
  CHECK_FALSE(normalise(NftTable{"v", "a\nb"}) == normalise(NftTable{"v", "a b"}));
}

TEST_CASE("a tunnel's private key is compared by its public one") {
  WgDevice device;
  device.privateKey = tests::key(1);
  WgDevice observed = device;
  observed.privateKey = {};
  CHECK(device == observed);
  observed.publicKey = tests::key(2);
  CHECK_FALSE(device == observed);
}

TEST_CASE("the sockets of a process come in its own order") {
  const PageSite s{"s", {"s", ip("0.0.0.0"), 80}, "", ""};
  const PageSite t{"t", {"t", ip("0.0.0.0"), 81}, "", ""};
  const auto sockets = listenAddresses(Process{"", "pages", PageServer{{t, s}}});
  REQUIRE(sockets.size() == 2);
  CHECK(sockets[0].netns == "t");
  CHECK(sockets[1].port == 80);
  CHECK(listenAddresses(Process{"s", "run", Command{{"x"}, {}}}).empty());
}
