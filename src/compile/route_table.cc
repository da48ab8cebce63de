#include "compile/nouns.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

std::optional<net::IpAddr> nextHop(const lab::Lab& lab, const lab::TableRoute& route, const lab::Vxnet& vxnet) {
  if (route.viaAddress) {
    return route.viaAddress;
  }
  const auto router = lab.borderRouters.find(route.viaBorderRouter);
  const lab::Join* join =
      router == lab.borderRouters.end()
          ? nullptr
          : joinOf(router->second, [&vxnet](const lab::Join& candidate) { return candidate.vxnet == vxnet.id; });
  return join == nullptr ? std::nullopt : std::optional(join->address);
}

}  // namespace

bool compileRouteTable(Builder& builder, const std::string& table, const std::string& netns, const std::string& device,
                       const lab::Vxnet& vxnet) {
  const auto it = builder.lab().routeTables.find(table);
  if (it == builder.lab().routeTables.end()) {
    return false;
  }
  bool leadsAnywhere = false;
  const bool shared = it->second.usedBy == lab::RouteTable::For::kVxnet;
  const auto own = addressOf(builder, netns);
  for (const auto& route : it->second.routes) {
    if (route.disabled) {
      continue;
    }
    const Origin origin{"route " + (route.name.empty() ? route.to.toString() : route.name) + " of route table " + table,
                        route.pos};
    const auto gateway = nextHop(builder.lab(), route, vxnet);
    if (gateway && gateway == own) {
      // The kernel refuses a next hop that is its own address. The server that the others go through needs no route.
      if (!shared) {
        builder.error(route.pos, "the next hop " + gateway->toString() + " is the address of " + netns + " itself");
      }
    } else if (gateway) {
      leadsAnywhere = leadsAnywhere || route.to == net::Prefix();
      builder.add(Route{netns, kMainTable, route.to, 0, RouteType::kUnicast, gateway, false, device, std::nullopt},
                  origin);
    } else {
      builder.error(route.pos, "border router " + route.viaBorderRouter + " has not joined vxnet " + vxnet.id +
                                   ", where " + netns + " is");
    }
  }
  return leadsAnywhere;
}

}  // namespace vpclab::compile
