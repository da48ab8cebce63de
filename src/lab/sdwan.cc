#include <algorithm>

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
}

}  // namespace vpclab::lab
