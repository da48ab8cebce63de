#include "plan/dependencies.h"

#include <algorithm>
#include <map>

#include "plan/order.h"

namespace vpclab::plan {

using namespace vpclab::state;

namespace {

// Walks the plan once; what a step provides is noted after what it needs was looked up, so that all arrows point back.
class Walk {
 public:
  // Until the next call.
  const std::vector<std::uint32_t>& needsOf(const Step& step) {
    needs_.clear();
    need(byKey_, step.key);
    if (step.clearedBy) {
      need(byKey_, *step.clearedBy);
    }
    if (step.action != Action::kDelete) {
      const Object& object = *step.after;
      for (const auto& netns : namespacesOf(object)) {
        need(byKey_, Netns{netns}.key());
      }
      for (const auto& link : linksNeededBy(object)) {
        need(links_, link);
      }
      for (const auto& link : linksOf(object)) {
        need(links_, link);  // what bore the name before
      }
      if (const auto* route = std::get_if<Route>(&object)) {
        needRouting(*route);
      }
    }
    std::sort(needs_.begin(), needs_.end());
    needs_.erase(std::unique(needs_.begin(), needs_.end()), needs_.end());
    return needs_;
  }

  void note(const Step& step, std::size_t index) {
    byKey_[step.key] = index;
    for (auto& link : linksOf(objectOf(step))) {
      links_[std::move(link)] = index;
    }
    if (step.action == Action::kDelete) {
      return;
    }
    if (const auto* address = std::get_if<Address>(&*step.after)) {
      networks_[{address->netns, address->link}].emplace_back(address->prefix, index);
      addresses_[{address->netns, address->prefix.address()}] = index;
    } else if (const auto* route = std::get_if<Route>(&*step.after); route != nullptr && !route->gateway) {
      networks_[{route->netns, route->device}].emplace_back(route->destination, index);
    }
  }

 private:
  template <class Map, class Name>
  void need(const Map& map, const Name& name) {
    if (const auto it = map.find(name); it != map.end()) {
      needs_.push_back(static_cast<std::uint32_t>(it->second));
    }
  }

  // The kernel refuses a gateway that it cannot reach, and a source that it does not have.
  void needRouting(const Route& route) {
    if (route.preferredSource) {
      need(addresses_, std::pair(route.netns, *route.preferredSource));  // on any link of the namespace
    }
    const auto it = networks_.find({route.netns, route.device});
    if (it == networks_.end()) {
      return;
    }
    for (const auto& [prefix, index] : it->second) {
      if (route.gateway && !route.onlink && prefix.contains(*route.gateway)) {
        needs_.push_back(static_cast<std::uint32_t>(index));
      }
    }
  }

  std::map<Key, std::size_t> byKey_;
  std::map<LinkName, std::size_t> links_;
  std::map<std::pair<std::string, net::IpAddr>, std::size_t> addresses_;
  std::map<LinkName, std::vector<std::pair<net::Prefix, std::size_t>>> networks_;
  std::vector<std::uint32_t> needs_;
};

}  // namespace

Dependencies::Dependencies(const Plan& plan) {
  begins_.reserve(plan.steps.size() + 1);
  Walk walk;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    begins_.push_back(static_cast<std::uint32_t>(needs_.size()));
    const auto& needs = walk.needsOf(plan.steps[i]);
    needs_.insert(needs_.end(), needs.begin(), needs.end());
    walk.note(plan.steps[i], i);
  }
  begins_.push_back(static_cast<std::uint32_t>(needs_.size()));
}

}  // namespace vpclab::plan
