#include <algorithm>

#include "lab/addressing.h"
#include "lab/nouns.h"
#include "lab/object.h"
#include "lab/scalars.h"

namespace vpclab::lab {
namespace {

// A joined vxnet is written as its id or title, or as {vxnet, address}.
void parseJoin(Context& context, const BorderRouter& router, Domain& domain, const Value& item) {
  Join join;
  std::optional<net::IpAddr> address;
  join.pos = item.pos;
  constexpr Field kJoin{"", Type::kReferenceOrMap};
  if (!checkType(item, kJoin, "a joined vxnet", context.report)) {
    return;
  }
  if (item.isScalar()) {
    const auto* named = context.names.resolve(item, {Kind::kVxnet}, context.report);
    join.vxnet = named == nullptr ? "" : named->id;
  } else {
    const Object object(context, item, kJoinShape);
    join.vxnet = object.reference("vxnet", {Kind::kVxnet});
    join.pos = object.pos("vxnet");
    address = object.address("address");
    if (address) {
      context.places.set(router.id + "/" + join.vxnet, "address", object.pos("address"));
    }
  }
  if (join.vxnet.empty()) {
    return;
  }
  const Vxnet& vxnet = context.lab.vxnets.at(join.vxnet);
  join.address = address.value_or(borderAddressOf(vxnet.cidr));
  const auto [first, fresh] = context.joinedAddress.emplace(std::pair(router.id, join.vxnet), join.address);
  if (!fresh) {
    context.report.error(join.pos, "vxnet " + called(vxnet) + " is joined twice by border router " + called(router),
                         "a vxnet is in one domain of a border router");
    return;
  }
  if (!vxnet.vpc.empty()) {
    context.domainsOfVpc[{router.id, vxnet.vpc}].insert(domain.id);
  }
  domain.joins.push_back(std::move(join));
}

void parseRoutes(Context& context, Domain& domain, const Object& object) {
  for (const ValuePtr& item : object.list("routes")) {
    const Object route(context, *item, kStaticRouteShape);
    const auto to = route.network("to");
    const auto via = route.address("via");
    if (to && via) {
      domain.routes.push_back({route.text("name"), *to, *via, route.pos("via")});
    }
  }
}

Domain parseDomain(Context& context, const BorderRouter& router, std::string id, const Object& object) {
  Domain domain;
  domain.id = std::move(id);
  domain.pos = object.pos();
  for (const ValuePtr& item : object.list("vxnets")) {
    parseJoin(context, router, domain, *item);
  }
  parseRoutes(context, domain, object);
  return domain;
}

void checkRegion(Context& context, const BorderRouter& router, const Join& join) {
  const std::string region = regionOfVxnet(context.lab, join.vxnet);
  if (region.empty() || router.region.empty() || region == router.region) {
    return;
  }
  std::vector<std::string_view> own;
  for (const auto& [id, vxnet] : context.lab.vxnets) {
    if (own.size() < 8 && regionOfVxnet(context.lab, id) == router.region) {
      own.push_back(id);
    }
  }
  context.report.error(join.pos,
                       "vxnet " + called(context.lab.vxnets.at(join.vxnet)) + " is in region " + quote(region) +
                           ", but border router " + called(router) + " is in " + quote(router.region),
                       "a border router joins only vxnets of its own region" +
                           (own.empty() ? "" : ", here " + listed(own)) + "; regions are linked by an SD-WAN");
}

void checkRoutes(Context& context, const BorderRouter& router, const Domain& domain) {
  std::map<net::Prefix, SourcePos> seen;
  for (const StaticRoute& route : domain.routes) {
    if (!seen.emplace(route.to, route.pos).second) {
      context.report.error(route.pos, "border router " + called(router) + " has two routes to " + route.to.toString());
      continue;
    }
    bool onLink = false;
    for (const Join& join : domain.joins) {
      const Vxnet& vxnet = context.lab.vxnets.at(join.vxnet);
      if (!context.places.has(vxnet.id, "cidr")) {
        onLink = true;  // told already
        continue;
      }
      onLink = onLink || vxnet.cidr.contains(route.via);
      if (join.address == route.via) {
        context.report.error(route.pos, route.via.toString() + " is this border router's own address",
                             "a next hop is another host in a joined vxnet");
      }
      if (route.via == vxnet.cidr.first() || route.via == vxnet.cidr.last()) {
        context.report.error(route.pos, route.via.toString() + " is no host's address in " + vxnet.cidr.toString());
      }
      if (vxnet.cidr.contains(route.to)) {
        context.report.error(route.pos, route.to.toString() + " lies in vxnet " + called(vxnet) + ", which is joined",
                             "it is reached without a route");
      }
    }
    if (!onLink) {
      context.report.error(route.pos, "the next hop " + route.via.toString() + " is in no vxnet that border router " +
                                          called(router) + " has joined" +
                                          (domain.id == "main" ? "" : " in domain " + quote(domain.id)));
    }
  }
}

}  // namespace

void parseBorderRouter(Context& context, const Names::Named& self, const Value& value) {
  BorderRouter& router = context.lab.borderRouters[self.id];
  nameNoun(router, self);
  const Object object(context, value, kBorderRouterShape, self.id);
  router.region = object.reference("region", {Kind::kRegion});
  if (!object.has("domains")) {
    router.domains.push_back(parseDomain(context, router, "main", object));
    return;
  }
  for (const std::string_view key : {"vxnets", "routes"}) {
    if (object.has(key)) {
      context.report.error(object.keyPos(key), "`" + std::string(key) + "` beside `domains`",
                           "each domain has its own `" + std::string(key) + "`");
    }
  }
  for (const Entry& entry : object.map("domains")) {
    if (!isSlug(entry.key) || entry.key.size() > kMaxId) {
      context.report.error(entry.pos, quote(entry.key) + " is not an id: lower case letters, digits and - within");
    }
    router.domains.push_back(parseDomain(context, router, entry.key, Object(context, *entry.value, kDomainShape)));
  }
  std::sort(router.domains.begin(), router.domains.end(), [](const Domain& a, const Domain& b) { return a.id < b.id; });
}

void validateBorderRouters(Context& context) {
  for (const auto& entry : context.lab.borderRouters) {
    const BorderRouter& router = entry.second;
    for (const Domain& domain : router.domains) {
      std::vector<RangeUse> uses;
      for (const Join& join : domain.joins) {
        checkRegion(context, router, join);
        const Vxnet& vxnet = context.lab.vxnets.at(join.vxnet);
        if (context.places.has(vxnet.id, "cidr")) {
          uses.push_back({vxnet.cidr, called(vxnet), vxnet.vpc, join.pos});
        }
      }
      checkRoutes(context, router, domain);
      forEachOverlap(std::move(uses), [&](const RangeUse& earlier, const RangeUse& later) {
        context.report.error(later.pos,
                             "vxnet " + later.owner + " (" + later.range.toString() + ") overlaps vxnet " +
                                 earlier.owner + " (" + earlier.range.toString() +
                                 ") in the same domain of border router " + called(router),
                             "put them into different `domains`");
      });
    }
  }
}

}  // namespace vpclab::lab
