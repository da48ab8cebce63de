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
  std::map<LinkName, Segment> bridges;
  for (const Entry& entry : state.of(Kind::kBridge)) {
    const auto& bridge = std::get<Bridge>(*entry.object);
    bridges[{bridge.netns.str(), bridge.name.str()}].key = entry.key();
  }
  std::vector<Segment> out;
  const auto bridgeOf = [&](const VethEnd& end) -> Segment* {
    const auto it = end.master.empty() ? bridges.end() : bridges.find({end.netns.str(), end.master.str()});
    return it == bridges.end() ? nullptr : &it->second;
  };
  state.each<Veth>([&](const Key& key, const Veth& veth) {
    Segment* a = bridgeOf(veth.a);
    Segment* b = bridgeOf(veth.b);
    if (a == nullptr && b == nullptr) {
      out.push_back({key, {&veth.a, &veth.b}});
    } else if (a == nullptr || b == nullptr) {  // else a cable between two bridges, which have no neighbours
      (a != nullptr ? a : b)->ends.push_back(a != nullptr ? &veth.b : &veth.a);
    }
  });
  for (auto& [key, segment] : bridges) {
    out.push_back(std::move(segment));
  }
  return out;
}

// An address that is on a segment.
struct Member {
  const VethEnd* end;
  std::pair<net::IpAddr, net::Mac> address;
};

std::vector<Member> membersOf(const State& state, const Segment& segment) {
  std::vector<Member> out;
  for (const VethEnd* end : segment.ends) {
    // Their keys begin with the link's name.
    for (auto it = state.from({Kind::kAddress, {}, end->netns, end->name + " "}); it != state.entries().end(); ++it) {
      const auto* address = std::get_if<Address>(it->object.get());
      if (address == nullptr || address->netns != end->netns || address->link != end->name) {
        break;
      }
      out.push_back({end, {address->prefix.address(), end->mac}});
    }
  }
  std::sort(out.begin(), out.end(), [](const Member& x, const Member& y) { return x.address < y.address; });
  return out;
}

}  // namespace

std::vector<std::pair<Neighbours, Key>> possibleNeighbours(const State& state,
                                                           const std::function<bool(const std::string&)>& wanted) {
  std::vector<std::pair<Neighbours, Key>> out;
  for (const Segment& segment : segmentsOf(state)) {
    if (wanted && std::none_of(segment.ends.begin(), segment.ends.end(),
                               [&](const VethEnd* end) { return wanted(end->netns); })) {
      continue;
    }
    const auto members = membersOf(state, segment);
    for (const VethEnd* own : segment.ends) {
      const auto isOwn = [own](const Member& member) { return member.end == own; };
      if ((wanted && !wanted(own->netns)) || std::none_of(members.begin(), members.end(), isOwn)) {
        continue;
      }
      Neighbours table{own->netns, own->name, {}};
      table.entries.reserve(members.size());
      for (const Member& member : members) {
        if (!isOwn(member)) {
          table.entries.push_back(member.address);
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
