#include <algorithm>
#include <map>
#include <set>

#include "lab/addressing.h"
#include "lab/impairment.h"
#include "lab/nouns.h"
#include "lab/object.h"

namespace vpclab::lab {
namespace {

void parseAccessPoint(Context& context, Sdwan& wan, const Entry& entry) {
  const auto* self = context.names.find(entry.key);
  if (self == nullptr || self->pos != entry.pos) {
    return;  // its id is taken, which was told
  }
  AccessPoint point;
  nameNoun(point, *self);
  const Object object(context, *entry.value, kAccessPointShape, entry.key);
  point.region = object.reference("region", {Kind::kRegion});
  point.borderRouter = object.reference("border_router", {Kind::kBorderRouter});
  point.domain = object.text("domain", "main");
  point.line = parseImpairment(context, object);
  wan.accessPoints.push_back(std::move(point));
}

const Domain* domainOf(const Lab& lab, const AccessPoint& point) {
  const auto router = lab.borderRouters.find(point.borderRouter);
  if (router == lab.borderRouters.end()) {
    return nullptr;
  }
  for (const Domain& domain : router->second.domains) {
    if (domain.id == point.domain) {
      return &domain;
    }
  }
  return nullptr;
}

void checkAccessPoint(Context& context, const AccessPoint& point) {
  if (point.borderRouter.empty()) {
    return;
  }
  const BorderRouter& router = context.lab.borderRouters.at(point.borderRouter);
  const SourcePos pos = context.places.at(point.id, "border_router").value_or(point.pos);
  if (!point.region.empty() && !router.region.empty() && point.region != router.region) {
    context.report.error(pos,
                         "access point " + called(point) + " is in region " + quote(point.region) +
                             ", but border router " + called(router) + " is in " + quote(router.region),
                         "an access point is attached to a border router of its own region");
  }
  if (domainOf(context.lab, point) == nullptr) {
    std::vector<std::string_view> known;
    for (const Domain& domain : router.domains) {
      known.push_back(domain.id);
    }
    context.report.error(context.places.at(point.id, "domain").value_or(point.pos),
                         "border router " + called(router) + " has no domain " + quote(point.domain),
                         known.empty() ? "it has none" : "`domain:` is " + listed(known));
  }
}

// A border router's domain in an SD-WAN.
struct Member {
  const AccessPoint* point;
  const Domain* domain;
};
using Members = std::map<const Sdwan*, std::vector<Member>>;

std::string rangeOf(const std::string& owner, const net::Prefix& range) {
  return owner + " (" + range.toString() + ")";
}

// What it announces.
std::set<net::Prefix> rangesOf(const Context& context, const Domain& domain) {
  std::set<net::Prefix> out;
  for (const Join& join : domain.joins) {
    if (context.places.has(join.vxnet, "cidr")) {
      out.insert(context.lab.vxnets.at(join.vxnet).cidr);
    }
  }
  for (const StaticRoute& route : domain.routes) {
    out.insert(route.to);
  }
  return out;
}

// The static routes of a member: they are announced as its vxnets are.
void checkRoutes(Context& context, const Sdwan& wan, const std::vector<Member>& members) {
  struct Use {
    std::string owner;
    const Domain* domain;
    SourcePos pos;
  };
  std::map<net::Prefix, Use> vxnets;
  for (const Member& member : members) {
    for (const Join& join : member.domain->joins) {
      const Vxnet& vxnet = context.lab.vxnets.at(join.vxnet);
      if (context.places.has(vxnet.id, "cidr")) {
        vxnets.emplace(vxnet.cidr, Use{"vxnet " + rangeOf(called(vxnet), vxnet.cidr), member.domain, join.pos});
      }
    }
  }
  std::map<net::Prefix, Use> routes;
  for (const Member& member : members) {
    for (const StaticRoute& route : member.domain->routes) {
      const Use use{"the route of border router " + called(context.lab.borderRouters.at(member.point->borderRouter)) +
                        " to " + route.to.toString(),
                    member.domain, route.pos};
      const auto [same, fresh] = routes.emplace(route.to, use);
      const Use* other = fresh ? nullptr : &same->second;
      for (unsigned length = 0; length <= route.to.length() && other == nullptr; ++length) {
        const auto around = vxnets.find(net::Prefix(route.to.address(), length).network());
        other = around == vxnets.end() ? nullptr : &around->second;
      }
      if (other != nullptr && other->domain != member.domain) {
        context.report.error(
            route.pos, use.owner + " overlaps " + other->owner + ", which SD-WAN " + called(wan) + " links it with",
            "linked networks need different ranges; the other is at " + other->pos.toString());
      }
    }
  }
}

// A domain in several SD-WANs: what it is told of by one of them it cannot be told of by another.
void checkSeveral(Context& context, const Members& all) {
  std::map<const Domain*, std::vector<std::pair<const Sdwan*, const AccessPoint*>>> points;
  for (const auto& [wan, members] : all) {
    for (const Member& member : members) {
      points[member.domain].emplace_back(wan, member.point);
    }
  }
  for (auto& [domain, own] : points) {
    if (own.size() < 2) {
      continue;
    }
    std::sort(own.begin(), own.end(), [](const auto& x, const auto& y) { return x.second->pos < y.second->pos; });
    std::map<net::Prefix, const AccessPoint*> heard;
    for (const auto& [wan, point] : own) {
      std::set<net::Prefix> announced;
      for (const Member& member : all.at(wan)) {
        const auto ranges = member.domain == domain ? std::set<net::Prefix>() : rangesOf(context, *member.domain);
        announced.insert(ranges.begin(), ranges.end());
      }
      for (const net::Prefix& range : rangesOf(context, *domain)) {
        announced.erase(range);
      }
      for (const net::Prefix& range : announced) {
        const auto [first, fresh] = heard.emplace(range, point);
        if (!fresh) {
          context.report.error(context.places.at(point->id, "border_router").value_or(point->pos),
                               "access points " + called(*first->second) + " and " + called(*point) +
                                   " of border router " + called(context.lab.borderRouters.at(point->borderRouter)) +
                                   " both lead to " + range.toString(),
                               "in the SD-WANs of one border router, different networks need different ranges");
          break;
        }
      }
    }
  }
}

}  // namespace

void parseSdwan(Context& context, const Names::Named& self, const Value& value) {
  Sdwan& wan = context.lab.sdwans[self.id];
  nameNoun(wan, self);
  const Object object(context, value, kSdwanShape, self.id);
  for (const Entry& entry : object.map("access_points")) {
    parseAccessPoint(context, wan, entry);
  }
  std::sort(wan.accessPoints.begin(), wan.accessPoints.end(),
            [](const AccessPoint& a, const AccessPoint& b) { return a.id < b.id; });
}

void validateSdwans(Context& context) {
  Members all;
  for (const auto& [id, wan] : context.lab.sdwans) {
    std::map<const Domain*, const AccessPoint*> attached;
    std::vector<RangeUse> uses;
    for (const AccessPoint& point : wan.accessPoints) {
      checkAccessPoint(context, point);
      const Domain* domain = domainOf(context.lab, point);
      if (domain == nullptr) {
        continue;
      }
      const auto [first, fresh] = attached.emplace(domain, &point);
      if (!fresh) {
        context.report.error(context.places.at(point.id, "border_router").value_or(point.pos),
                             "access points " + called(*first->second) + " and " + called(point) + " of " +
                                 called(wan) + " are attached to the same border router",
                             "a border router's domain has one access point in an SD-WAN");
        continue;
      }
      all[&wan].push_back({&point, domain});
      for (const Join& join : domain->joins) {
        const Vxnet& vxnet = context.lab.vxnets.at(join.vxnet);
        if (context.places.has(vxnet.id, "cidr")) {
          // Within one router they were compared already.
          uses.push_back({vxnet.cidr, called(vxnet), point.borderRouter + "/" + domain->id, join.pos});
        }
      }
    }
    forEachOverlap(std::move(uses), [&, &net = wan](const RangeUse& earlier, const RangeUse& later) {
      context.report.error(later.pos,
                           "vxnet " + later.owner + " (" + later.range.toString() + ") overlaps vxnet " +
                               earlier.owner + " (" + earlier.range.toString() + "), which SD-WAN " + called(net) +
                               " links it with",
                           "linked networks need different ranges");
    });
  }
  for (const auto& [wan, members] : all) {
    checkRoutes(context, *wan, members);
  }
  checkSeveral(context, all);
}

}  // namespace vpclab::lab
