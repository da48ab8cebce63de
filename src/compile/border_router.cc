#include "compile/nouns.h"

namespace vpclab::compile {

using namespace vpclab::state;

const lab::Join* joinOf(const lab::BorderRouter& router, const std::function<bool(const lab::Join&)>& accept) {
  const lab::Join* best = nullptr;
  for (const auto& domain : router.domains) {
    for (const auto& join : domain.joins) {
      if (accept(join) && (best == nullptr || join.vxnet < best->vxnet)) {
        best = &join;
      }
    }
  }
  return best;
}

const lab::Domain* domainOf(const lab::BorderRouter& router, const std::string& id) {
  for (const auto& domain : router.domains) {
    if (domain.id == id) {
      return &domain;
    }
  }
  return nullptr;
}

namespace {

// Stands behind the main table, whose lookup it follows.
constexpr std::uint32_t kOwnTrafficRule = 33'000;

// As the kernel's networking/vrf documentation recommends: the last route of a table, so that what the domain does not
// know is answered "unreachable" and never looked up in another table.
constexpr std::uint32_t kLastResortMetric = 4'278'198'272;

struct DomainCompiler {
  Builder& builder;
  const lab::BorderRouter& router;
  const lab::Domain& domain;
  DomainPlace place;
  Origin origin;
  std::vector<std::pair<net::Prefix, std::string>> networks;  // what is connected: range, interface

  void run() {
    if (!place.byRules()) {
      builder.takeName(router.id, place.vrf, origin);
      builder.add(Vrf{router.id, place.vrf, place.table}, origin);
    }
    Route last{router.id, place.table, net::Prefix(), kLastResortMetric, RouteType::kUnreachable};
    builder.add(last, origin);
    for (const auto& join : domain.joins) {
      addJoin(join);
    }
    for (const auto& route : domain.routes) {
      addStaticRoute(route);
    }
    // The router's own traffic (a ping from it) belongs to no domain; with a single one the answer is clear.
    if (router.domains.size() == 1) {
      builder.add(Rule{router.id, kOwnTrafficRule, "", 0, std::nullopt, place.table}, origin);
    }
  }

  void addJoin(const lab::Join& join) {
    const lab::Vxnet& vxnet = builder.lab().vxnets.at(join.vxnet);
    const Origin here{"border router " + router.id + " in vxnet " + vxnet.id, join.pos};
    Leg leg{router.id, vxnet.id, place.vrf};
    leg.address = net::Prefix(join.address, vxnet.cidr.length());
    leg.noPrefixRoute = place.byRules();
    const std::string device = plug(builder, vxnet, leg, here);
    networks.emplace_back(vxnet.cidr, device);
    if (place.byRules()) {
      // What a VRF device would do: the domain's table, and no other, knows the address and its network.
      Route local{router.id, place.table, net::Prefix::host(join.address), 0, RouteType::kLocal};
      local.device = device;
      builder.add(local, here);
      Route connected{router.id, place.table, vxnet.cidr};
      connected.device = device;
      connected.preferredSource = join.address;
      builder.add(connected, here);
    }
  }

  void addStaticRoute(const lab::StaticRoute& route) {
    const Origin here{
        "route " + (route.name.empty() ? route.to.toString() : route.name) + " of border router " + router.id,
        route.pos};
    for (const auto& [range, device] : networks) {
      if (range.contains(route.via)) {
        builder.add(
            Route{router.id, place.table, route.to, 0, RouteType::kUnicast, route.via, false, device, std::nullopt},
            here);
        return;
      }
    }
    builder.error(route.pos, "no vxnet joined by border router " + router.id + " holds " + route.via.toString());
  }
};

}  // namespace

void compileBorderRouter(Builder& builder, const lab::BorderRouter& router) {
  const Origin origin{"border router " + router.id, router.pos};
  const bool byRules = !builder.capabilities().vrfDevice;
  std::vector<Parameter> parameters;
  if (byRules) {
    parameters.push_back({kFwmarkReflect, "1"});
    // The check of a packet's source must look where the packet's own domain looks, not into the local table, which
    // knows every domain's addresses.
    parameters.push_back({"net/ipv4/conf/all/src_valid_mark", "1"});
  }
  builder.node({router.id, router.title, "border-router", router.region, {}}, Role::kRouter, origin,
               byRules ? kLocalRuleBehindDomains : 0, std::move(parameters));
  if (byRules) {
    compileDomainRules(builder, router);
  }
  for (const auto& domain : router.domains) {
    if (auto place = placeOf(builder, router, domain)) {
      DomainCompiler{
          builder,
          router,
          domain,
          *place,
          {"domain " + domain.id + " of border router " + router.id, domain.pos.file.empty() ? router.pos : domain.pos},
          {}}
          .run();
    }
  }
}

}  // namespace vpclab::compile
