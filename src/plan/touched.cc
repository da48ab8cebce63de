#include "plan/touched.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "plan/order.h"

namespace vpclab::plan {

using namespace vpclab::state;

namespace {

// The addresses of the entries in which the two tables differ; either may be missing.
std::set<net::IpAddr> differingNeighbours(const Step& step) {
  using Entries = std::vector<std::pair<net::IpAddr, net::Mac>>;
  const auto entriesOf = [](const ObjectPtr& object) {
    return object ? std::get<Neighbours>(*object).entries : Entries();
  };
  const Entries before = entriesOf(step.before);
  const Entries after = entriesOf(step.after);
  Entries differing;
  std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(),
                                std::back_inserter(differing));
  std::set<net::IpAddr> out;
  for (const auto& [address, mac] : differing) {
    out.insert(address);
  }
  return out;
}

}  // namespace

void Touched::merge(Touched other) {
  namespaces.merge(other.namespaces);
  for (auto& [netns, links] : other.neighbours) {
    for (auto& [link, addresses] : links) {
      neighbours[netns][link].merge(addresses);
    }
  }
  std::erase_if(neighbours, [this](const auto& entry) { return namespaces.contains(entry.first); });
}

Touched touchedBy(std::span<const Step> steps, const State& before) {
  Touched out;
  auto& touched = out.namespaces;
  std::set<std::string> comeAndGo;
  std::set<LinkName> links;
  for (const Step& step : steps) {
    if (step.key.kind == Kind::kNeighbours) {
      out.neighbours[step.key.netns][step.key.name].merge(differingNeighbours(step));
      continue;
    }
    for (const auto* side : {&step.before, &step.after}) {
      if (*side) {
        const auto names = namespacesOf(**side);
        touched.insert(names.begin(), names.end());
        const auto ends = linksOf(**side);
        links.insert(ends.begin(), ends.end());
      }
    }
    if (step.key.kind == Kind::kNetns) {
      comeAndGo.insert(step.key.netns);
    }
  }
  before.each<Veth>([&](const Key&, const Veth& veth) {
    const auto isTouched = [&](const VethEnd& end) {
      return comeAndGo.contains(end.netns) || links.contains({end.netns, end.name});
    };
    if (isTouched(veth.a) || isTouched(veth.b)) {
      touched.insert({veth.a.netns, veth.b.netns});
    }
  });
  std::erase_if(out.neighbours, [&](const auto& entry) { return touched.contains(entry.first); });
  return out;
}

}  // namespace vpclab::plan
