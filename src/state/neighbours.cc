#include "state/neighbours.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace vpclab::state {

namespace {

using LinkName = std::pair<std::string_view, std::string_view>;  // namespace, name

struct Segment {
  Key key;
  std::vector<const VethEnd*> ends;
};

std::vector<Segment> segmentsOf(const State& state) {
  std::map<Key, Segment> bridges;
  std::vector<Segment> out;
  const auto bridgeOf = [&](const VethEnd& end) -> const Entry* {
    return end.master.empty() ? nullptr : state.find(Bridge{end.netns, end.master}.key());
  };
  state.each<Veth>([&](const Key& key, const Veth& veth) {
    const Entry* a = bridgeOf(veth.a);
    const Entry* b = bridgeOf(veth.b);
    if (a == nullptr && b == nullptr) {
      out.push_back({key, {&veth.a, &veth.b}});
    } else if (a == nullptr || b == nullptr) {  // else a cable between two bridges, which have no neighbours
      const Key bridge = keyOf(*(a != nullptr ? a : b)->object);
      Segment& segment = bridges[bridge];
      segment.key = bridge;
      segment.ends.push_back(a != nullptr ? &veth.b : &veth.a);
    }
  });
  for (auto& [key, segment] : bridges) {
    out.push_back(std::move(segment));
  }
  return out;
}

}  // namespace

std::vector<std::pair<Neighbours, Key>> possibleNeighbours(const State& state,
                                                           const std::function<bool(const std::string&)>& wanted) {
  std::map<LinkName, std::vector<net::IpAddr>> addresses;
  state.each<Address>([&](const Key&, const Address& address) {
    addresses[{address.netns.str(), address.link.str()}].push_back(address.prefix.address());
  });
  std::vector<std::pair<Neighbours, Key>> out;
  for (const Segment& segment : segmentsOf(state)) {
    if (wanted && std::none_of(segment.ends.begin(), segment.ends.end(),
                               [&](const VethEnd* end) { return wanted(end->netns); })) {
      continue;
    }
    std::vector<std::pair<const VethEnd*, const std::vector<net::IpAddr>*>> members;
    for (const VethEnd* end : segment.ends) {
      if (const auto it = addresses.find({end->netns.str(), end->name.str()}); it != addresses.end()) {
        members.emplace_back(end, &it->second);
      }
    }
    for (const auto& [own, unused] : members) {
      if (wanted && !wanted(own->netns)) {
        continue;
      }
      Neighbours table{own->netns, own->name, {}};
      for (const auto& [other, others] : members) {
        for (std::size_t i = 0; other != own && i < others->size(); ++i) {
          table.entries.emplace_back((*others)[i], other->mac);
        }
      }
      if (!table.entries.empty()) {
        out.emplace_back(std::move(table), segment.key);
      }
    }
  }
  return out;
}

std::vector<std::pair<Neighbours, Key>> permanentNeighbours(const State& state) {
  auto out = possibleNeighbours(state);
  std::size_t count = 0;
  for (const auto& [table, place] : out) {
    count += table.entries.size();
  }
  if (count <= kMaxLearntNeighbours) {
    out.clear();
  }
  return out;
}

}  // namespace vpclab::state
