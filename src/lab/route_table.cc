#include "lab/addressing.h"
#include "lab/nouns.h"
#include "lab/object.h"

namespace vpclab::lab {
namespace {

std::string_view nameOf(RouteTable::For usedBy) {
  return usedBy == RouteTable::For::kVxnet ? "vxnet" : "load_balancer";
}

// A resource that a table is bound to: where the table's next hops must be on-link.
struct Bound {
  std::string resource;  // for messages
  std::string vxnet;
  std::optional<net::IpAddr> address;  // the resource's own
  std::string eips;                    // whose, for messages: its own, or its servers'; empty: none
  RouteTable::For kind;
  std::string table;
  SourcePos pos;
};

std::string eipsIn(const Lab& lab, const std::string& vxnet) {
  for (const auto& [id, server] : lab.servers) {
    if (server.vxnet == vxnet && !server.eip.empty()) {
      return "an EIP, such as that of server " + called(server);
    }
  }
  return "";
}

std::vector<Bound> bindingsOf(const Context& context) {
  std::vector<Bound> out;
  for (const auto& [id, balancer] : context.lab.loadBalancers) {
    if (!balancer.routeTable.empty()) {
      out.push_back({"load balancer " + called(balancer), balancer.vxnet, balancer.address,
                     balancer.eips.empty() ? "" : "its EIPs", RouteTable::For::kLoadBalancer, balancer.routeTable,
                     context.places.at(id, "route_table").value_or(balancer.pos)});
    }
  }
  for (const auto& [id, vxnet] : context.lab.vxnets) {
    if (!vxnet.routeTable.empty()) {
      out.push_back({"vxnet " + called(vxnet), id, std::nullopt, eipsIn(context.lab, id), RouteTable::For::kVxnet,
                     vxnet.routeTable, context.places.at(id, "route_table").value_or(vxnet.pos)});
    }
  }
  return out;
}

void parseRoute(Context& context, RouteTable& table, const Value& item) {
  const Object object(context, item, kTableRouteShape);
  const auto to = object.network("to");
  TableRoute route;
  route.name = object.text("name");
  route.viaAddress = object.address("via");
  if (!route.viaAddress) {
    route.viaBorderRouter = object.reference("via", {Kind::kBorderRouter});
  }
  route.disabled = object.flag("disabled", false);
  route.pos = object.pos("via");
  if (to && (route.viaAddress || !route.viaBorderRouter.empty())) {
    route.to = *to;
    table.routes.push_back(std::move(route));
  }
}

void checkNextHop(Context& context, const TableRoute& route, const Bound& bound) {
  const Vxnet& vxnet = context.lab.vxnets.at(bound.vxnet);
  if (!route.viaBorderRouter.empty()) {
    if (!context.joinedAddress.contains({route.viaBorderRouter, bound.vxnet})) {
      context.report.error(route.pos,
                           "border router " + called(context.lab.borderRouters.at(route.viaBorderRouter)) +
                               " has not joined vxnet " + called(vxnet) + ", where " + bound.resource + " is",
                           "the table is bound at " + bound.pos.toString());
    }
    return;
  }
  if (!context.places.has(bound.vxnet, "cidr")) {
    return;
  }
  if (!vxnet.cidr.contains(*route.viaAddress)) {
    context.report.error(route.pos,
                         "the next hop " + route.viaAddress->toString() + " is not in vxnet " + called(vxnet) + " (" +
                             vxnet.cidr.toString() + "), where " + bound.resource + " is",
                         "the table is bound at " + bound.pos.toString());
  } else if (*route.viaAddress == vxnet.cidr.first() || *route.viaAddress == vxnet.cidr.last()) {
    context.report.error(route.pos, route.viaAddress->toString() + " is no host's address in " + vxnet.cidr.toString());
  } else if (bound.address == route.viaAddress) {
    context.report.error(route.pos, route.viaAddress->toString() + " is the address of " + bound.resource + " itself");
  }
}

void checkBound(Context& context, const RouteTable& table, const Bound& bound) {
  if (bound.kind != table.usedBy) {
    context.report.error(bound.pos,
                         "route table " + called(table) + " is `for: " + std::string(nameOf(table.usedBy)) +
                             "`, so it cannot be bound to " + bound.resource,
                         "a table's kind is fixed: make one `for: " + std::string(nameOf(bound.kind)) + "`");
    return;
  }
  if (bound.vxnet.empty()) {
    return;
  }
  const Vxnet& vxnet = context.lab.vxnets.at(bound.vxnet);
  for (const TableRoute& route : table.routes) {
    checkNextHop(context, route, bound);
    if (!bound.eips.empty() && !route.disabled && route.to.overlaps(internetRange())) {
      context.report.error(
          route.pos,
          "a route to " + route.to.toString() + " for " + bound.resource + " would take what leaves by " + bound.eips,
          "list the networks that the route is for; the table is bound at " + bound.pos.toString());
    }
    if (context.places.has(bound.vxnet, "cidr") && vxnet.cidr.contains(route.to)) {
      context.report.error(
          route.pos, route.to.toString() + " lies in vxnet " + called(vxnet) + ", where " + bound.resource + " is",
          "it is reached without a route");
    }
  }
}

}  // namespace

void parseRouteTable(Context& context, const Names::Named& self, const Value& value) {
  RouteTable& table = context.lab.routeTables[self.id];
  nameNoun(table, self);
  const Object object(context, value, kRouteTableShape, self.id);
  table.usedBy = object.text("for") == "vxnet" ? RouteTable::For::kVxnet : RouteTable::For::kLoadBalancer;
  for (const ValuePtr& item : object.list("routes")) {
    parseRoute(context, table, *item);
  }
}

void validateRouteTables(Context& context) {
  std::set<std::string> used;
  for (const Bound& bound : bindingsOf(context)) {
    used.insert(bound.table);
    if (context.places.has(bound.table, "for")) {
      checkBound(context, context.lab.routeTables.at(bound.table), bound);
    }
  }
  for (const auto& [id, table] : context.lab.routeTables) {
    std::map<net::Prefix, SourcePos> seen;
    for (const TableRoute& route : table.routes) {
      const auto [first, fresh] = seen.emplace(route.to, route.pos);
      if (!fresh) {
        context.report.error(route.pos, "route table " + called(table) + " has two routes to " + route.to.toString(),
                             "the other is at " + first->second.toString());
      }
    }
    if (!used.contains(id)) {
      context.report.warning(table.pos, "route table " + called(table) + " has no effect until it is bound",
                             "add `route_table: " + id + "` to a " + std::string(nameOf(table.usedBy)));
    }
  }
}

}  // namespace vpclab::lab
