#include "plan/order.h"

#include "state/ingress_loss.h"

namespace vpclab::plan {

using namespace vpclab::state;

namespace {

enum Tier : int {
  kNamespaces,
  kParameters,
  kMasters,
  kCables,
  kOnCables,
  kOnLinks,
  kRoutes,
  kRoutesByGateway,
  kSpeaking,
  kProcesses,
};

struct TierOf {
  int operator()(const Netns&) const { return kNamespaces; }
  int operator()(const Sysctls& sysctls) const { return sysctls.link.empty() ? kParameters : kOnLinks; }
  int operator()(const Bridge&) const { return kMasters; }
  int operator()(const Vrf&) const { return kMasters; }
  int operator()(const Veth&) const { return kCables; }
  int operator()(const WgDevice&) const { return kCables; }
  int operator()(const Address&) const { return kOnCables; }
  int operator()(const Rule&) const { return kOnCables; }
  int operator()(const Route& route) const {
    return route.gateway.has_value() && !route.onlink ? kRoutesByGateway : kRoutes;
  }
  int operator()(const Neighbours&) const { return kRoutes; }
  int operator()(const Qdisc&) const { return kOnCables; }
  int operator()(const NftTable&) const { return kOnCables; }
  int operator()(const Process&) const { return kProcesses; }
};

struct NamespacesOf {
  using List = std::vector<std::string>;
  List operator()(const Netns& netns) const { return {netns.name}; }
  List operator()(const Veth& veth) const { return {veth.a.netns, veth.b.netns}; }
  List operator()(const WgDevice& device) const { return {device.netns, device.socketNetns}; }
  List operator()(const Process& process) const {
    List out;
    if (!process.netns.empty()) {
      out.push_back(process.netns);
    }
    for (const auto& listen : listenAddresses(process)) {
      out.push_back(listen.netns);
    }
    return out;
  }
  template <class T>
  List operator()(const T& object) const {
    return {object.netns};
  }
};

struct LinksNeededBy {
  using List = std::vector<LinkName>;
  static List one(const std::string& netns, const std::string& link) {
    return link.empty() ? List{} : List{{netns, link}};
  }
  List operator()(const Sysctls& sysctls) const { return one(sysctls.netns, sysctls.link); }
  List operator()(const Veth& veth) const {
    List out = one(veth.a.netns, veth.a.master);
    if (!veth.b.master.empty()) {
      out.emplace_back(veth.b.netns, veth.b.master);
    }
    return out;
  }
  List operator()(const WgDevice& device) const { return one(device.netns, device.master); }
  List operator()(const Address& address) const { return one(address.netns, address.link); }
  List operator()(const Route& route) const { return one(route.netns, route.device); }
  List operator()(const Neighbours& neighbours) const { return one(neighbours.netns, neighbours.link); }
  List operator()(const Qdisc& qdisc) const { return one(qdisc.netns, qdisc.link); }
  List operator()(const NftTable& table) const {
    List out;
    for (auto& device : ingressDevicesOf(table)) {
      out.emplace_back(table.netns, std::move(device));
    }
    return out;
  }
  template <class T>
  List operator()(const T&) const {
    return {};
  }
};

struct LinksOf {
  using List = std::vector<LinkName>;
  List operator()(const Bridge& bridge) const { return {{bridge.netns, bridge.name}}; }
  List operator()(const Vrf& vrf) const { return {{vrf.netns, vrf.name}}; }
  List operator()(const Veth& veth) const { return {{veth.a.netns, veth.a.name}, {veth.b.netns, veth.b.name}}; }
  List operator()(const WgDevice& device) const { return {{device.netns, device.name}}; }
  template <class T>
  List operator()(const T&) const {
    return {};
  }
};

}  // namespace

std::vector<LinkName> linksOf(const Object& object) {
  return std::visit(LinksOf{}, object);
}

std::vector<std::string> namespacesOf(const Object& object) {
  return std::visit(NamespacesOf{}, object);
}

std::vector<LinkName> linksNeededBy(const Object& object) {
  return std::visit(LinksNeededBy{}, object);
}

int tierOf(const Object& object) {
  return std::visit(TierOf{}, object);
}

int tierOf(const Step& step) {
  if (step.action == Action::kUpdate && step.key.kind == Kind::kWgDevice) {
    const auto& before = std::get<WgDevice>(*step.before);
    const auto& after = std::get<WgDevice>(*step.after);
    // Anything else may be needed by what comes before: another VRF drops the device's routes.
    if (silent(before) == silent(after)) {
      return kSpeaking;
    }
  }
  return tierOf(objectOf(step));
}

int batchOf(const Step& step) {
  const int tier = tierOf(step);
  const bool create = step.action == Action::kCreate;
  switch (tier) {
    // A new namespace is left only when all is in it that needs nothing from outside, and entered once more for the
    // rest.
    case kNamespaces:
      return create ? kMasters : tier;
    case kCables:
      return create ? kRoutesByGateway : tier;
    case kParameters:
      return kMasters;
    case kOnCables:
    case kOnLinks:
    case kRoutes:
      return kRoutesByGateway;
    default:
      return tier;
  }
}

bool isOrderedBatch(int batch) {
  return batch == kMasters || batch == kRoutesByGateway;
}

WgDevice silent(WgDevice device) {
  for (auto& [key, peer] : *device.peers) {
    peer.keepaliveSeconds = 0;
  }
  return device;
}

WgDevice silentToNew(WgDevice device, const WgDevice& before) {
  for (auto& [key, peer] : *device.peers) {
    const auto known = before.peers->find(key);
    if (known == before.peers->end() || known->second.keepaliveSeconds == 0) {
      peer.keepaliveSeconds = 0;
    }
  }
  return device;
}

const Object& objectOf(const Step& step) {
  return step.after ? *step.after : *step.before;
}

}  // namespace vpclab::plan
