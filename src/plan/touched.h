#pragma once

#include <map>
#include <set>
#include <span>
#include <string>

#include "net/ip.h"
#include "plan/plan.h"
#include "state/state.h"

namespace vpclab::plan {

// Where something may be otherwise than it was seen.
struct Touched {
  std::set<std::string> namespaces;  // anything in them
  // Elsewhere only the neighbours with these addresses, by namespace and link: where a server's address changes, each
  // server of its vxnet has one.
  std::map<std::string, std::map<std::string, std::set<net::IpAddr>>> neighbours;

  std::size_t count() const { return namespaces.size() + neighbours.size(); }
  bool contains(const std::string& netns) const { return namespaces.contains(netns) || neighbours.contains(netns); }
  // Both of them.
  void merge(Touched other);
};

// What may be otherwise once the steps have been tried, whatever came of them, seen from `before`: the namespaces that
// the steps are about, and those where the cables lead to that go with a namespace or make way for a link: the kernel
// takes the far ends away too, with all that is on them. Tunnels aside, which may end by themselves.
Touched touchedBy(std::span<const Step> steps, const state::State& before);

}  // namespace vpclab::plan
