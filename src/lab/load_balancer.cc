#include <algorithm>
#include <map>

#include "lab/listener.h"
#include "lab/nouns.h"
#include "lab/object.h"

namespace vpclab::lab {
namespace {

constexpr std::size_t kMaxEips = 4;
constexpr std::size_t kMaxListeners = 50;
constexpr std::size_t kMaxBackends = 200;

void parseEips(Context& context, LoadBalancer& balancer, const Object& object) {
  for (const ValuePtr& item : object.list("eips")) {
    constexpr Field kEip{"", Type::kReference};
    if (!checkType(*item, kEip, "an EIP", context.report)) {
      continue;
    }
    if (const auto* eip = context.names.resolve(*item, {Kind::kEip}, context.report)) {
      context.places.set(balancer.id, "eips/" + std::to_string(balancer.eips.size()), item->pos);
      balancer.eips.push_back(eip->id);
    }
  }
  if (balancer.eips.size() > kMaxEips) {
    context.report.error(object.pos("eips"),
                         "load balancer " + called(balancer) + " has " + std::to_string(balancer.eips.size()) + " EIPs",
                         "at most " + std::to_string(kMaxEips));
  }
}

void checkListeners(Context& context, const LoadBalancer& balancer, const Object& object) {
  std::map<std::uint16_t, const Listener*> ports;
  std::size_t backends = 0;
  for (const Listener& listener : balancer.listeners) {
    backends += listener.backendCount();
    const auto [first, fresh] = ports.emplace(listener.port, &listener);
    if (!fresh && listener.port != 0) {
      const bool inOrder = first->second->pos < listener.pos;
      const Listener& later = inOrder ? listener : *first->second;
      const Listener& earlier = inOrder ? *first->second : listener;
      context.report.error(
          later.pos,
          "listeners " + quote(earlier.id) + " and " + quote(later.id) + " share port " + std::to_string(listener.port),
          "one listener per port; the other is at " + earlier.pos.toString());
    }
  }
  if (balancer.listeners.size() > kMaxListeners) {
    context.report.error(object.pos("listeners"), "load balancer " + called(balancer) + " has too many listeners",
                         "at most " + std::to_string(kMaxListeners));
  }
  if (backends > kMaxBackends) {
    context.report.error(object.pos("listeners"),
                         "load balancer " + called(balancer) + " has " + std::to_string(backends) + " backends",
                         "at most " + std::to_string(kMaxBackends) + " over all its listeners");
  }
}

}  // namespace

void parseLoadBalancer(Context& context, const Names::Named& self, const Value& value) {
  LoadBalancer& balancer = context.lab.loadBalancers[self.id];
  nameNoun(balancer, self);
  const Object object(context, value, kLoadBalancerShape, self.id);
  balancer.vxnet = object.reference("vxnet", {Kind::kVxnet});
  balancer.address = object.address("address");
  balancer.routeTable = object.reference("route_table", {Kind::kRouteTable});
  parseEips(context, balancer, object);
  for (const Entry& entry : object.map("listeners")) {
    balancer.listeners.push_back(parseListener(context, self.id, entry));
  }
  std::sort(balancer.listeners.begin(), balancer.listeners.end(),
            [](const Listener& a, const Listener& b) { return a.id < b.id; });
  checkListeners(context, balancer, object);
}

}  // namespace vpclab::lab
