#include "fake/fake_rules.h"

#include <functional>
#include <vector>

#include "state/ingress_loss.h"

namespace vpclab::tests {

using namespace vpclab::state;

namespace {

constexpr const char* kScopes[] = {"all", "default"};
// Parameter of an interface -> what a new namespace has. Deliberately none of the values that labs want, but for those
// that a namespace has whatever the host has.
const std::map<std::string, std::string> kInterfaceParameters = {
    {"net/ipv4/conf/*/accept_redirects", "1"}, {"net/ipv4/conf/*/send_redirects", "1"},
    {"net/ipv4/conf/*/rp_filter", "2"},        {"net/ipv4/conf/*/src_valid_mark", "2"},
    {"net/ipv6/conf/*/disable_ipv6", "0"},
};
const std::map<std::string, std::string> kParameters = {{"net/ipv4/ip_forward", "0"},
                                                        {"net/ipv4/icmp_ratelimit", "1000"},
                                                        {"net/ipv4/icmp_errors_use_inbound_ifaddr", "0"},
                                                        {"net/ipv4/fwmark_reflect", "0"}};

std::string pathOf(std::string pattern, const std::string& interface) {
  return pattern.replace(pattern.find('*'), 1, interface);
}

struct LinkView {
  std::string netns;
  std::string name;
  std::string master;
};

std::vector<LinkView> linksIn(const Object& object) {
  if (const auto* bridge = std::get_if<Bridge>(&object)) {
    return {{bridge->netns, bridge->name, ""}};
  }
  if (const auto* vrf = std::get_if<Vrf>(&object)) {
    return {{vrf->netns, vrf->name, ""}};
  }
  if (const auto* veth = std::get_if<Veth>(&object)) {
    return {{veth->a.netns, veth->a.name, veth->a.master}, {veth->b.netns, veth->b.name, veth->b.master}};
  }
  if (const auto* device = std::get_if<WgDevice>(&object)) {
    return {{device->netns, device->name, device->master}};
  }
  return {};
}

bool hasNetns(const State& world, const std::string& netns) {
  return world.find(Netns{netns}.key()) != nullptr;
}

bool hasLink(const State& world, const std::string& netns, const std::string& name) {
  if (name == "lo") {
    return true;
  }
  for (const Kind kind : {Kind::kBridge, Kind::kVrf, Kind::kWgDevice}) {
    if (world.find({kind, "", netns, name}) != nullptr) {
      return true;
    }
  }
  for (const auto& entry : world.of(Kind::kVeth)) {
    const auto* veth = std::get_if<Veth>(entry.object.get());
    if ((veth->a.netns == netns && veth->a.name == name) || (veth->b.netns == netns && veth->b.name == name)) {
      return true;
    }
  }
  return false;
}

bool isVrf(const State& world, const std::string& netns, const std::string& name) {
  return world.find(Vrf{netns, name}.key()) != nullptr;
}

bool isMaster(const State& world, const std::string& netns, const std::string& name) {
  return isVrf(world, netns, name) || world.find(Bridge{netns, name}.key()) != nullptr;
}

tl::unexpected<base::Error> refuse(int error, const std::string& what) {
  return base::fail(base::Error::fromErrno(error, what));
}

void removeIf(State& world, const std::function<bool(const Object&)>& condition) {
  std::vector<Key> gone;
  for (const auto& entry : world.entries()) {
    if (condition(*entry.object)) {
      gone.push_back(entry.key());
    }
  }
  for (const auto& key : gone) {
    world.remove(key);
  }
}

void dropRoutes(State& world, const std::string& netns, const std::string& device) {
  removeIf(world, [&](const Object& object) {
    const auto* route = std::get_if<Route>(&object);
    return route != nullptr && route->netns == netns && !route->device.empty() && route->device == device;
  });
}

// A link that comes up gets the routes of its addresses (fib_inetaddr_event, NETDEV_UP).
void addRoutesOfAddresses(State& world, const std::string& netns, const std::string& link) {
  std::vector<Address> routed;
  world.each<Address>([&](const Key&, const Address& address) {
    if (address.netns == netns && address.link == link && address.lost.any()) {
      routed.push_back(address);
    }
  });
  for (Address& address : routed) {
    address.lost = {};
    world.add(std::move(address));
  }
}

// Enslaving to a VRF and releasing from it takes the link down and up again.
void cycle(State& world, const std::string& netns, const std::string& link) {
  dropRoutes(world, netns, link);
  addRoutesOfAddresses(world, netns, link);
}

// Chains at the ingress of an interface go with it, the table stays.
void dropIngress(State& world, const std::string& netns, const std::string& name) {
  const auto* table = world.get<NftTable>(NftTable{netns, "", NftFamily::kNetdev}.key());
  if (table != nullptr) {
    world.add(withoutIngress(*table, name));
  }
}

void dropLink(State& world, const std::string& netns, const std::string& name) {
  dropRoutes(world, netns, name);
  dropIngress(world, netns, name);
  removeIf(world, [&](const Object& object) {
    if (const auto* address = std::get_if<Address>(&object)) {
      return address->netns == netns && address->link == name;
    }
    if (const auto* qdisc = std::get_if<Qdisc>(&object)) {
      return qdisc->netns == netns && qdisc->link == name;
    }
    if (const auto* table = std::get_if<Neighbours>(&object)) {
      return table->netns == netns && table->link == name;
    }
    const auto* sysctls = std::get_if<Sysctls>(&object);
    return sysctls != nullptr && sysctls->netns == netns && sysctls->link == name;
  });
}

// Slaves of a master that is gone.
void release(State& world, const std::string& netns, const std::string& master, bool vrf) {
  std::vector<Object> changed;
  for (const auto& entry : world.entries()) {
    Object object = *entry.object;
    bool any = false;
    const auto let = [&](const std::string& where, base::SharedString& its) {
      if (where == netns && its == master) {
        its = {};
        any = true;
      }
    };
    if (auto* veth = std::get_if<Veth>(&object)) {
      let(veth->a.netns, veth->a.master);
      let(veth->b.netns, veth->b.master);
    } else if (auto* device = std::get_if<WgDevice>(&object)) {
      let(device->netns, device->master);
    }
    if (any) {
      changed.push_back(std::move(object));
    }
  }
  for (const auto& object : changed) {
    const Object before = *world.find(keyOf(object))->object;
    world.add(object);
    for (const auto& link : linksIn(before)) {
      if (vrf && link.netns == netns && link.master == master) {
        cycle(world, netns, link.name);
      }
    }
  }
}

base::Result<> admitsRoute(const State& world, const Route& route) {
  if (route.type == RouteType::kUnreachable || route.type == RouteType::kBlackhole) {
    return {};
  }
  if (!hasLink(world, route.netns, route.device)) {
    return refuse(ENODEV, "route dev " + route.device);
  }
  if (const auto* netns = world.get<Netns>(Netns{route.netns}.key());
      route.device == "lo" && netns != nullptr && !netns->loopbackUp) {
    return refuse(ENETDOWN, "route dev lo");
  }
  bool reached = !route.gateway || route.onlink;
  bool sourced = !route.preferredSource;
  for (const auto& entry : world.entries()) {
    if (const auto* address = std::get_if<Address>(entry.object.get());
        address != nullptr && address->netns == route.netns) {
      sourced |=
          route.preferredSource && address->prefix.address() == *route.preferredSource && address->lost.local == 0;
      reached |= address->link == route.device && !address->noPrefixRoute && address->lost.connected == 0 &&
                 address->prefix.contains(*route.gateway);
    } else if (const auto* other = std::get_if<Route>(entry.object.get());
               other != nullptr && other->netns == route.netns && !other->gateway && other->device == route.device) {
      reached |= other->destination.contains(*route.gateway);
    }
    if (reached && sourced) {
      return {};
    }
  }
  return reached ? base::Result<>(refuse(EINVAL, "route: invalid source"))
                 : base::Result<>(refuse(ENETUNREACH, "route: gateway " + route.gateway->toString()));
}

struct Needs {
  const State& world;

  base::Result<> netns(const std::string& name) const {
    return hasNetns(world, name) ? base::Result<>() : refuse(ENOENT, "no namespace " + name);
  }
  base::Result<> operator()(const Netns&) const { return {}; }
  base::Result<> operator()(const Sysctls& sysctls) const {
    const auto* there = world.get<Sysctls>(sysctls.key());
    for (const auto& [path, value] : sysctls.parameters) {
      if (there == nullptr || there->parameters.find(path) == nullptr) {
        return refuse(ENOENT, "/proc/sys/" + path + " in " + sysctls.netns);
      }
    }
    return {};
  }
  base::Result<> onLink(const std::string& where, const std::string& name) const {
    if (auto result = netns(where); !result) {
      return result;
    }
    return hasLink(world, where, name) ? base::Result<>() : refuse(ENODEV, "no link " + name + " in " + where);
  }
  base::Result<> operator()(const Address& address) const { return onLink(address.netns, address.link); }
  base::Result<> operator()(const Neighbours& table) const { return onLink(table.netns, table.link); }
  base::Result<> operator()(const Qdisc& qdisc) const { return onLink(qdisc.netns, qdisc.link); }
  base::Result<> operator()(const Route& route) const {
    if (auto result = netns(route.netns); !result) {
      return result;
    }
    return admitsRoute(world, route);
  }
  base::Result<> operator()(const Rule& rule) const { return netns(rule.netns); }
  base::Result<> operator()(const NftTable& table) const {
    for (const auto& device : ingressDevicesOf(table)) {
      if (auto there = onLink(table.netns, device); !there) {
        return there;
      }
    }
    return netns(table.netns);
  }
  base::Result<> operator()(const Process& process) const {
    if (!process.netns.empty() && !hasNetns(world, process.netns)) {
      return refuse(ENOENT, "no namespace " + process.netns);
    }
    for (const auto& listen : listenAddresses(process)) {
      if (!hasNetns(world, listen.netns)) {
        return refuse(ENOENT, "no namespace " + listen.netns + " to listen in");
      }
    }
    return {};
  }
  base::Result<> link(const Object& object) const {
    for (const auto& view : linksIn(object)) {
      if (!hasNetns(world, view.netns)) {
        return refuse(ENOENT, "no namespace " + view.netns);
      }
      if (!view.master.empty() && !isMaster(world, view.netns, view.master)) {
        return refuse(ENODEV, "no master " + view.master);
      }
    }
    return {};
  }
  base::Result<> operator()(const Bridge& o) const { return link(o); }
  base::Result<> operator()(const Vrf& o) const { return link(o); }
  base::Result<> operator()(const Veth& o) const { return link(o); }
  base::Result<> operator()(const WgDevice& o) const {
    if (auto result = netns(o.socketNetns); !result) {
      return result;
    }
    return link(o);
  }
};

}  // namespace

base::Result<> admits(const State& world, const Object& object) {
  if (!std::holds_alternative<Sysctls>(object)) {
    if (world.find(keyOf(object)) != nullptr) {
      return refuse(EEXIST, keyOf(object).toString());
    }
    for (const auto& link : linksIn(object)) {
      if (hasLink(world, link.netns, link.name)) {
        return refuse(EEXIST, "link " + link.name + " in " + link.netns);
      }
    }
  }
  return std::visit(Needs{world}, object);
}

base::Result<> admitsChange(const State& world, const Object& before, const Object& after) {
  const auto links = [](const Object& object) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& view : linksIn(object)) {
      out.emplace_back(view.netns, view.name);
    }
    return out;
  };
  bool fixed = links(before) != links(after) || std::holds_alternative<Rule>(after);
  if (const auto* address = std::get_if<Address>(&after)) {
    const auto& old = std::get<Address>(before);
    if (!old.lost.any()) {
      return refuse(EEXIST, "route to " + address->prefix.network().toString());
    }
    fixed |= address->noPrefixRoute != old.noPrefixRoute;
  }
  if (const auto* vrf = std::get_if<Vrf>(&after)) {
    fixed |= vrf->table != std::get<Vrf>(before).table;
  }
  if (const auto* device = std::get_if<WgDevice>(&after)) {
    const auto& old = std::get<WgDevice>(before);
    fixed |= device->socketNetns != old.socketNetns || device->implementation != old.implementation;
  }
  if (fixed) {
    return refuse(EOPNOTSUPP, "change " + keyOf(after).toString());
  }
  return std::visit(Needs{world}, after);
}

void writeParameters(State& world, const Sysctls& place, const Parameters& written) {
  const auto* there = world.get<Sysctls>(place.key());
  std::vector<Parameter> all(there->parameters.begin(), there->parameters.end());
  for (const Parameter& one : written) {
    const auto* before = there->parameters.find(one.path);
    if (one.path == kIpForward && *before != one.value) {  // inet_forward_change
      all.push_back({"net/ipv4/conf/all/accept_redirects", one.value == "0" ? "1" : "0"});
    }
    if (one.path == "net/ipv6/conf/all/disable_ipv6") {  // addrconf_disable_ipv6
      all.push_back({"net/ipv6/conf/default/disable_ipv6", one.value});
    }
    all.push_back(one);  // the last one counts
  }
  world.add(Sysctls{place.netns, place.link, Parameters(std::move(all))});
}

void afterWrite(State& world, const Object* before, const Object& after) {
  if (const auto* netns = std::get_if<Netns>(&after); netns != nullptr && before == nullptr) {
    std::vector<Parameter> parameters;
    for (const auto& [path, value] : kParameters) {
      parameters.push_back({path, value});
    }
    for (const auto& [pattern, value] : kInterfaceParameters) {
      for (const char* scope : kScopes) {
        parameters.push_back({pathOf(pattern, scope), value});
      }
    }
    world.add(Sysctls{netns->name, {}, Parameters(std::move(parameters))});
  }
  const auto old = before == nullptr ? std::vector<LinkView>() : linksIn(*before);
  const auto now = linksIn(after);
  for (std::size_t i = 0; i < now.size(); ++i) {
    const LinkView& link = now[i];
    if (before == nullptr) {
      const auto* own = world.get<Sysctls>(Sysctls{link.netns, {}, {}}.key());
      std::vector<Parameter> parameters;
      for (const auto& [pattern, value] : kInterfaceParameters) {
        const auto* inherited = own == nullptr ? nullptr : own->parameters.find(pathOf(pattern, "default"));
        parameters.push_back(
            {pathOf(pattern, link.name), inherited == nullptr ? base::SharedString(value) : *inherited});
      }
      world.add(Sysctls{link.netns, link.name, Parameters(std::move(parameters))});
    } else if (old[i].master != link.master &&
               (isVrf(world, link.netns, link.master) || isVrf(world, link.netns, old[i].master))) {
      cycle(world, link.netns, link.name);
    }
  }
}

void afterRemoval(State& world, const Object& gone) {
  if (const auto* netns = std::get_if<Netns>(&gone)) {
    const std::string name = netns->name;
    std::vector<Object> links;
    for (const auto& entry : world.entries()) {
      for (const auto& link : linksIn(*entry.object)) {
        if (link.netns == name) {
          links.push_back(*entry.object);
          break;
        }
      }
    }
    for (const auto& link : links) {
      world.remove(keyOf(link));
      afterRemoval(world, link);
    }
    // Processes go on running in it.
    removeIf(world, [&name](const Object& object) {
      const Key key = keyOf(object);
      return key.kind != Kind::kProcess && key.netns == name;
    });
  }
  for (const auto& link : linksIn(gone)) {
    dropLink(world, link.netns, link.name);
    if (std::holds_alternative<Bridge>(gone) || std::holds_alternative<Vrf>(gone)) {
      release(world, link.netns, link.name, std::holds_alternative<Vrf>(gone));
    }
  }
  if (const auto* address = std::get_if<Address>(&gone)) {
    bool last = true;
    for (const auto& entry : world.entries()) {
      const auto* other = std::get_if<Address>(entry.object.get());
      last &= other == nullptr || other->netns != address->netns || other->link != address->link;
    }
    removeIf(world, [&](const Object& object) {
      const auto* route = std::get_if<Route>(&object);
      if (route == nullptr || route->netns != address->netns) {
        return false;
      }
      // fib_sync_down_addr: the main table's only.
      const bool source = route->preferredSource == address->prefix.address() && route->table == kMainTable;
      return source || (last && route->device == address->link);
    });
  }
}

}  // namespace vpclab::tests
