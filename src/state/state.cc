#include "state/state.h"

#include <algorithm>

namespace vpclab::state {

// State::each() finds objects by it.
static_assert(kKindOf<Netns> == Kind::kNetns && kKindOf<Sysctl> == Kind::kSysctl && kKindOf<Bridge> == Kind::kBridge &&
              kKindOf<Vrf> == Kind::kVrf && kKindOf<Veth> == Kind::kVeth && kKindOf<WgDevice> == Kind::kWgDevice &&
              kKindOf<Address> == Kind::kAddress && kKindOf<Rule> == Kind::kRule && kKindOf<Route> == Kind::kRoute &&
              kKindOf<Neighbours> == Kind::kNeighbours && kKindOf<Qdisc> == Kind::kQdisc &&
              kKindOf<NftTable> == Kind::kNftTable && kKindOf<Process> == Kind::kProcess);

Key keyOf(const Object& object) {
  return std::visit([](const auto& o) { return o.key(); }, object);
}

OriginPtr noOrigin() {
  static const OriginPtr kNone = std::make_shared<const Origin>();
  return kNone;
}

namespace {

// Each text of an object that others are likely to have too.
struct NameUniter {
  base::SharedStrings& names;

  void operator()(Netns& netns) const { names.unite(netns.name); }
  void operator()(Sysctl& sysctl) const { all(sysctl.netns, sysctl.path, sysctl.value); }
  void operator()(Bridge& bridge) const { all(bridge.netns, bridge.name); }
  void operator()(Vrf& vrf) const { all(vrf.netns, vrf.name); }
  void operator()(Veth& veth) const {
    for (VethEnd* end : {&veth.a, &veth.b}) {
      all(end->netns, end->name, end->master);
    }
  }
  void operator()(WgDevice& device) const { all(device.netns, device.name, device.socketNetns, device.master); }
  void operator()(Address& address) const { all(address.netns, address.link); }
  void operator()(Rule& rule) const { all(rule.netns, rule.incomingInterface); }
  void operator()(Route& route) const { all(route.netns, route.device); }
  void operator()(Neighbours& table) const { all(table.netns, table.link); }
  void operator()(Qdisc& qdisc) const { all(qdisc.netns, qdisc.link); }
  void operator()(NftTable& table) const { names.unite(table.netns); }
  void operator()(Process& process) const { all(process.netns, process.name); }

  template <class... Texts>
  void all(Texts&... texts) const {
    (names.unite(texts), ...);
  }
};

}  // namespace

void State::add(Object object) {
  add(std::move(object), noOrigin());
}

void State::add(Object object, const Origin& origin) {
  if (!lastOrigin_ || !(*lastOrigin_ == origin)) {
    lastOrigin_ = std::make_shared<const Origin>(origin);
  }
  add(std::move(object), lastOrigin_);
}

void State::add(Object object, OriginPtr origin) {
  object = normalise(std::move(object));
  std::visit(NameUniter{names_}, object);
  Key key = keyOf(object);
  names_.unite(key.name);
  entries_.insert_or_assign(std::move(key),
                            Entry{std::make_shared<const Object>(std::move(object)), std::move(origin)});
}

void State::adoptOrigins(const State& from) {
  auto own = entries_.begin();
  for (const auto& [key, other] : from.entries_) {
    while (own != entries_.end() && own->first < key) {
      ++own;
    }
    if (own != entries_.end() && own->first == key) {
      own->second = other;
    }
  }
  names_ = {};  // a State that is kept would keep in there what it had once
}

void State::shareWith(const State& other) {
  auto own = entries_.begin();
  for (const auto& [key, theirs] : other.entries_) {
    while (own != entries_.end() && own->first < key) {
      ++own;
    }
    if (own == entries_.end() || key < own->first) {
      continue;
    }
    if (*theirs.object == *own->second.object) {
      own->second.object = theirs.object;
    }
    if (*theirs.origin == *own->second.origin) {
      own->second.origin = theirs.origin;
    }
  }
}

const Entry* State::find(const Key& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second;
}

bool State::operator==(const State& other) const {
  return std::equal(entries_.begin(), entries_.end(), other.entries_.begin(), other.entries_.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first && isAlike(x.second, y.second); });
}

namespace {

struct Normaliser {
  void operator()(Veth& veth) const { veth = makeVeth(std::move(veth.a), std::move(veth.b)); }
  void operator()(WgDevice& device) const {
    for (auto& [key, peer] : *device.peers) {
      std::sort(peer.allowedIps.begin(), peer.allowedIps.end());
    }
  }
  void operator()(Route& route) const {
    route.destination = route.destination.network();
    if (route.type == RouteType::kUnreachable || route.type == RouteType::kBlackhole) {
      route.device = {};
      route.gateway.reset();
    }
  }
  void operator()(Neighbours& neighbours) const { std::sort(neighbours.entries.begin(), neighbours.entries.end()); }
  void operator()(NftTable& table) const {
    while (!table.body.empty() && table.body.back() == '\n') {
      table.body.pop_back();
    }
  }
  void operator()(Process& process) const {
    if (auto* pages = std::get_if<PageServer>(&process.spec)) {
      std::sort(pages->sites.begin(), pages->sites.end(),
                [](const auto& x, const auto& y) { return x.listen < y.listen; });
    } else if (auto* balancer = std::get_if<LoadBalancer>(&process.spec)) {
      std::sort(balancer->listeners.begin(), balancer->listeners.end(),
                [](const auto& x, const auto& y) { return x.name < y.name; });
    }
  }
  template <class T>
  void operator()(T&) const {}
};

}  // namespace

Object normalise(Object object) {
  std::visit(Normaliser{}, object);
  return object;
}

}  // namespace vpclab::state
