#include <map>

#include "lab/addressing.h"
#include "lab/impairment.h"
#include "lab/nouns.h"
#include "lab/object.h"

namespace vpclab::lab {
namespace {

std::string rangeText(const net::Prefix& range) {
  return range.length() == range.address().bits() ? range.address().toString() : range.toString();
}

struct Binding {
  std::string eip;
  std::string resource;
  std::string region;
  SourcePos pos;
};

void checkBindings(Context& context, const std::vector<Binding>& bindings) {
  std::map<std::string, const Binding*> bound;
  for (const Binding& binding : bindings) {
    const Eip& eip = context.lab.eips.at(binding.eip);
    const auto [first, fresh] = bound.emplace(binding.eip, &binding);
    if (!fresh) {
      context.report.error(binding.pos, "EIP " + called(eip) + " is bound already, to " + first->second->resource,
                           "an EIP belongs to one resource; the other is at " + first->second->pos.toString());
    }
    if (!eip.region.empty() && !binding.region.empty() && eip.region != binding.region) {
      context.report.error(binding.pos,
                           "EIP " + called(eip) + " is in region " + quote(eip.region) + ", but " + binding.resource +
                               " is in " + quote(binding.region),
                           "an EIP is bound in its own region");
    }
  }
}

std::vector<Binding> bindingsOf(const Context& context) {
  std::vector<Binding> out;
  for (const auto& [id, server] : context.lab.servers) {
    if (!server.eip.empty()) {
      out.push_back({server.eip, "server " + called(server), regionOfVxnet(context.lab, server.vxnet),
                     context.places.at(id, "eip").value_or(server.pos)});
    }
  }
  for (const auto& [id, balancer] : context.lab.loadBalancers) {
    for (std::size_t i = 0; i < balancer.eips.size(); ++i) {
      out.push_back({balancer.eips[i], "load balancer " + called(balancer), regionOfVxnet(context.lab, balancer.vxnet),
                     context.places.at(id, "eips/" + std::to_string(i)).value_or(balancer.pos)});
    }
  }
  return out;
}

}  // namespace

void parseEip(Context& context, const Names::Named& self, const Value& value) {
  Eip& eip = context.lab.eips[self.id];
  nameNoun(eip, self);
  const Object object(context, value, kEipShape, self.id);
  eip.region = object.reference("region", {Kind::kRegion});
  eip.address = object.address("address").value_or(net::IpAddr());
  eip.line = parseImpairment(context, object);
}

void validateEips(Context& context) {
  std::vector<RangeUse> uses;
  for (const auto& [id, vpc] : context.lab.vpcs) {
    if (context.places.has(id, "cidr")) {
      uses.push_back({vpc.cidr, "VPC " + called(vpc), "VPCs", *context.places.at(id, "cidr")});
    }
  }
  for (const auto& [id, eip] : context.lab.eips) {
    const auto pos = context.places.at(id, "address");
    if (!pos) {
      continue;
    }
    const std::string wrong = notPublicAs(eip.address);
    if (!wrong.empty()) {
      context.report.error(*pos, eip.address.toString() + " is no public address: it is " + wrong,
                           "for example 139.198.18.135");
      continue;
    }
    uses.push_back({net::Prefix::host(eip.address), "EIP " + called(eip), "", *pos});
  }
  forEachOverlap(std::move(uses), [&](const RangeUse& earlier, const RangeUse& later) {
    const bool same = earlier.range == later.range;
    context.report.error(later.pos,
                         later.owner + (same ? " has the same address as " : " overlaps ") + earlier.owner + ": " +
                             rangeText(later.range) + (same ? "" : " and " + rangeText(earlier.range)),
                         "the other is at " + earlier.pos.toString());
  });
  checkBindings(context, bindingsOf(context));
}

}  // namespace vpclab::lab
