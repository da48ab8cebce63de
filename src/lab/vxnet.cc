#include <algorithm>

#include "lab/addressing.h"
#include "lab/nouns.h"
#include "lab/object.h"

namespace vpclab::lab {
namespace {

constexpr unsigned kShortestVxnet = 16;
constexpr unsigned kLongestVxnet = 29;

}  // namespace

std::string regionOfVxnet(const Lab& lab, const std::string& vxnet) {
  const auto found = lab.vxnets.find(vxnet);
  if (found == lab.vxnets.end()) {
    return "";
  }
  const auto vpc = lab.vpcs.find(found->second.vpc);
  return vpc == lab.vpcs.end() ? "" : vpc->second.region;
}

void parseVxnet(Context& context, const Names::Named& self, const Value& value) {
  Vxnet& vxnet = context.lab.vxnets[self.id];
  nameNoun(vxnet, self);
  const Object object(context, value, kVxnetShape, self.id);
  vxnet.vpc = object.reference("vpc", {Kind::kVpc});
  vxnet.cidr = object.network("cidr").value_or(net::Prefix());
  vxnet.routeTable = object.reference("route_table", {Kind::kRouteTable});
}

void validateVxnets(Context& context) {
  std::map<std::string, std::vector<RangeUse>> byVpc;
  for (const auto& [id, vxnet] : context.lab.vxnets) {
    const auto pos = context.places.at(id, "cidr");
    if (!pos) {
      continue;
    }
    if (vxnet.cidr.length() < kShortestVxnet || vxnet.cidr.length() > kLongestVxnet) {
      context.report.error(*pos, vxnet.cidr.toString() + " is no size for a vxnet", "from /16 to /29");
      continue;
    }
    if (vxnet.vpc.empty()) {
      continue;
    }
    byVpc[vxnet.vpc].push_back({vxnet.cidr, called(vxnet), "", *pos});
    const Vpc& vpc = context.lab.vpcs.at(vxnet.vpc);
    if (context.places.has(vpc.id, "cidr") && !vpc.cidr.contains(vxnet.cidr)) {
      context.report.error(*pos, vxnet.cidr.toString() + " does not lie in VPC " + called(vpc),
                           "the VPC's range is " + vpc.cidr.toString());
    }
  }
  for (auto& [vpc, uses] : byVpc) {
    forEachOverlap(std::move(uses), [&](const RangeUse& earlier, const RangeUse& later) {
      context.report.error(later.pos, later.range.toString() + " overlaps vxnet " + earlier.owner + " of the same VPC",
                           "that is " + earlier.range.toString() + ", at " + earlier.pos.toString());
    });
  }
}

}  // namespace vpclab::lab
