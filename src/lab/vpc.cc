#include "lab/addressing.h"
#include "lab/nouns.h"
#include "lab/object.h"

namespace vpclab::lab {
namespace {

constexpr unsigned kShortestVpc = 8;
constexpr unsigned kLongestVpc = 28;

void parsePolicies(Context& context, Vpc& vpc, const Object& object) {
  for (const ValuePtr& item : object.list("route_policies")) {
    const Object policy(context, *item, kPolicyShape);
    const auto to = policy.network("to");
    const std::string via = policy.reference("via", {Kind::kBorderRouter});
    if (to && !via.empty()) {
      vpc.routePolicies.push_back({policy.text("name"), *to, via, policy.pos("to")});
      context.places.set(vpc.id + "/" + to->toString(), "via", policy.pos("via"));
    }
  }
}

void checkVia(Context& context, const Vpc& vpc, const RoutePolicy& policy) {
  const SourcePos pos = context.places.at(vpc.id + "/" + policy.to.toString(), "via").value_or(policy.pos);
  const BorderRouter& router = context.lab.borderRouters.at(policy.via);
  if (!vpc.region.empty() && !router.region.empty() && router.region != vpc.region) {
    context.report.error(pos,
                         "border router " + called(router) + " is in region " + quote(router.region) + ", but VPC " +
                             called(vpc) + " is in " + quote(vpc.region),
                         "a policy leads to a border router of the VPC's own region");
    return;
  }
  const auto joined = context.domainsOfVpc.find({policy.via, vpc.id});
  if (joined == context.domainsOfVpc.end()) {
    context.report.error(pos, "border router " + called(router) + " has joined no vxnet of VPC " + called(vpc),
                         "add one of them to the border router's `vxnets`");
  } else if (joined->second.size() > 1) {
    context.report.error(pos,
                         "border router " + called(router) + " has joined vxnets of VPC " + called(vpc) +
                             " in more than one domain, so the next hop is ambiguous",
                         "join this VPC's vxnets in one domain");
  }
}

// A policy wins over the way out by an EIP, which is for what no network of the intranet takes.
void checkBesideEips(Context& context, const Vpc& vpc, const RoutePolicy& policy) {
  if (!policy.to.overlaps(internetRange())) {
    return;
  }
  for (const auto& [id, server] : context.lab.servers) {
    if (!server.eip.empty() && !server.vxnet.empty() && context.lab.vxnets.at(server.vxnet).vpc == vpc.id) {
      context.report.error(policy.pos,
                           "a policy to " + policy.to.toString() + " in VPC " + called(vpc) +
                               " would take what leaves by an EIP, such as that of server " + called(server),
                           "list the ranges that border router " + quote(policy.via) + " leads to");
      return;
    }
  }
}

void checkPolicies(Context& context, const Vpc& vpc) {
  std::map<net::Prefix, SourcePos> seen;
  for (const RoutePolicy& policy : vpc.routePolicies) {
    const auto [first, fresh] = seen.emplace(policy.to, policy.pos);
    if (!fresh) {
      context.report.error(policy.pos, "VPC " + called(vpc) + " has two policies to " + policy.to.toString(),
                           "the other is at " + first->second.toString());
      continue;
    }
    if (context.places.has(vpc.id, "cidr") && vpc.cidr.contains(policy.to)) {
      context.report.error(policy.pos, policy.to.toString() + " lies in the VPC's own range " + vpc.cidr.toString(),
                           "its vxnets reach each other by the VPC's router; a policy is for networks elsewhere");
    }
    checkVia(context, vpc, policy);
    checkBesideEips(context, vpc, policy);
  }
}

}  // namespace

void parseVpc(Context& context, const Names::Named& self, const Value& value) {
  Vpc& vpc = context.lab.vpcs[self.id];
  nameNoun(vpc, self);
  const Object object(context, value, kVpcShape, self.id);
  vpc.region = object.reference("region", {Kind::kRegion});
  vpc.cidr = object.network("cidr").value_or(net::Prefix());
  parsePolicies(context, vpc, object);
}

void validateVpcs(Context& context) {
  for (const auto& [id, vpc] : context.lab.vpcs) {
    if (const auto pos = context.places.at(id, "cidr")) {
      const std::string reserved = reservedAs(vpc.cidr);
      if (vpc.cidr.length() < kShortestVpc || vpc.cidr.length() > kLongestVpc) {
        context.report.error(*pos, vpc.cidr.toString() + " is no size for a VPC", "from /8 to /28");
      } else if (!reserved.empty()) {
        context.report.error(*pos, vpc.cidr.toString() + " cannot be a VPC's range: it is " + reserved,
                             "use private ranges, as in 172.16.0.0/16");
      }
    }
    checkPolicies(context, vpc);
  }
}

}  // namespace vpclab::lab
