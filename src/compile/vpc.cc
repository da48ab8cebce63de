#include "compile/nouns.h"
#include "lab/addressing.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

// 内网路由策略: to the border router, by its address in one of this VPC's vxnets; of several the one with the smallest
// id, so that the choice does not depend on the order in the file.
void compilePolicy(Builder& builder, const lab::Vpc& vpc, const lab::RoutePolicy& policy,
                   const std::map<std::string, std::string>& interfaces) {
  const Origin origin{
      "route policy " + (policy.name.empty() ? policy.to.toString() : policy.name) + " of vpc " + vpc.id, policy.pos};
  const auto router = builder.lab().borderRouters.find(policy.via);
  const lab::Join* join = router == builder.lab().borderRouters.end()
                              ? nullptr
                              : joinOf(router->second, [&interfaces](const lab::Join& candidate) {
                                  return interfaces.count(candidate.vxnet) != 0;
                                });
  if (join == nullptr) {
    builder.error(policy.pos, "border router " + policy.via + " has joined no vxnet of vpc " + vpc.id);
    return;
  }
  builder.add(Route{vpc.id, kMainTable, policy.to, 0, RouteType::kUnicast, join->address, false,
                    interfaces.at(join->vxnet), std::nullopt},
              origin);
}

}  // namespace

// A VPC is a router with .1 in each of its vxnets. It has no default route: what no policy names is unreachable.
void compileVpc(Builder& builder, const lab::Vpc& vpc) {
  const Origin origin{"vpc " + vpc.id, vpc.pos};
  builder.node({vpc.id, vpc.title, "vpc", vpc.region, {}}, Role::kRouter, origin, 0, eipParameters(builder.lab(), vpc));
  std::map<std::string, std::string> interfaces;  // vxnet id -> interface
  for (const auto& [id, vxnet] : builder.lab().vxnets) {
    if (vxnet.vpc == vpc.id) {
      Leg leg{vpc.id, id};
      leg.address = net::Prefix(lab::gatewayOf(vxnet.cidr), vxnet.cidr.length());
      leg.addressPos = builder.lab().placeOf(vxnet, "cidr");
      interfaces[id] = plug(builder, vxnet, leg, {"vxnet " + id, vxnet.pos});
    }
  }
  for (const auto& policy : vpc.routePolicies) {
    compilePolicy(builder, vpc, policy, interfaces);
  }
  compileServerEips(builder, vpc);
}

}  // namespace vpclab::compile
