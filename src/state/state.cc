#include "state/state.h"

#include <algorithm>

namespace vpclab::state {

Key keyOf(const Object& object) {
  return std::visit([](const auto& o) { return o.key(); }, object);
}

void State::add(Object object, Origin origin) {
  object = normalise(std::move(object));
  Key key = keyOf(object);
  entries_.insert_or_assign(std::move(key), Entry{std::move(object), std::move(origin)});
}

void State::adoptOrigins(State&& from) {
  for (auto& [key, entry] : entries_) {
    if (const auto it = from.entries_.find(key); it != from.entries_.end()) {
      entry.origin = std::move(it->second.origin);
    }
  }
}

const Entry* State::find(const Key& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second;
}

bool State::operator==(const State& other) const {
  return std::equal(
      entries_.begin(), entries_.end(), other.entries_.begin(), other.entries_.end(),
      [](const auto& x, const auto& y) { return x.first == y.first && x.second.object == y.second.object; });
}

namespace {

struct Normaliser {
  void operator()(Veth& veth) const { veth = makeVeth(std::move(veth.a), std::move(veth.b)); }
  void operator()(WgDevice& device) const {
    for (auto& [key, peer] : device.peers) {
      std::sort(peer.allowedIps.begin(), peer.allowedIps.end());
    }
  }
  void operator()(Route& route) const {
    route.destination = route.destination.network();
    if (route.type == RouteType::kUnreachable || route.type == RouteType::kBlackhole) {
      route.device.clear();
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
