#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "lab/addressing.h"
#include "lab/nouns.h"

namespace vpclab::lab {
namespace {

// An address in a vxnet and who wants it; all of it is the lab's own.
struct Claim {
  const std::string* vxnet;
  net::IpAddr address;
  SourcePos pos;
  const char* kind;
  const Noun* owner;
  bool borderRouter = false;
};

std::string ownerOf(const Claim& claim) {
  return std::string(claim.kind) + " " + called(*claim.owner);
}

std::vector<Claim> collectClaims(const Context& context) {
  std::vector<Claim> claims;
  claims.reserve(context.lab.servers.size());
  for (const auto& [id, server] : context.lab.servers) {
    if (server.address && !server.vxnet.empty()) {
      claims.push_back({&server.vxnet, *server.address, *context.places.at(id, "address"), "server", &server});
    }
  }
  for (const auto& [id, balancer] : context.lab.loadBalancers) {
    if (balancer.address && !balancer.vxnet.empty()) {
      claims.push_back(
          {&balancer.vxnet, *balancer.address, *context.places.at(id, "address"), "load balancer", &balancer});
    }
  }
  for (const auto& [id, router] : context.lab.borderRouters) {
    for (const Domain& domain : router.domains) {
      for (const Join& join : domain.joins) {
        if (regionOfVxnet(context.lab, join.vxnet) != router.region) {
          continue;  // not joined at all, which is told elsewhere
        }
        const auto pos = context.places.at(id + "/" + join.vxnet, "address").value_or(join.pos);
        claims.push_back({&join.vxnet, join.address, pos, "border router", &router, true});
      }
    }
  }
  return claims;
}

// What is wrong with the address itself in its vxnet; told and false.
bool checkClaim(Context& context, const Claim& claim, const Vxnet& vxnet) {
  const net::Prefix& range = vxnet.cidr;
  const auto address = [&claim] { return claim.address.toString(); };
  if (!range.contains(claim.address)) {
    context.report.error(claim.pos, address() + " is not in vxnet " + called(vxnet),
                         "its range is " + range.toString());
  } else if (claim.address == range.first()) {
    context.report.error(claim.pos, address() + " is the network's own address in " + range.toString());
  } else if (claim.address == range.last()) {
    context.report.error(claim.pos, address() + " is the broadcast address of " + range.toString());
  } else if (claim.address == gatewayOf(range)) {
    context.report.error(claim.pos, address() + " is taken by the gateway of vxnet " + called(vxnet),
                         "the VPC's router has the first address of each vxnet");
  } else if (!claim.borderRouter && claim.address == borderAddressOf(range)) {
    context.report.error(claim.pos, address() + " is reserved for border routers",
                         "choose another one in " + range.toString());
  } else {
    return true;
  }
  return false;
}

// Members without an address of their own get what is left, which has to be enough for all of them. `taken`: in the
// order of their vxnets.
void checkRoom(Context& context, const std::vector<const Claim*>& taken) {
  std::map<std::string, std::size_t> waiting;
  const auto count = [&waiting](const auto& nouns) {
    for (const auto& [id, noun] : nouns) {
      if (!noun.address && !noun.vxnet.empty()) {
        ++waiting[noun.vxnet];
      }
    }
  };
  count(context.lab.servers);
  count(context.lab.loadBalancers);
  for (const auto& [id, members] : waiting) {
    const Vxnet& vxnet = context.lab.vxnets.at(id);
    const auto pos = context.places.at(id, "cidr");
    if (!pos) {
      continue;
    }
    std::set<net::IpAddr> gone{vxnet.cidr.first(), vxnet.cidr.last(), gatewayOf(vxnet.cidr),
                               borderAddressOf(vxnet.cidr)};
    const auto isBefore = [](const Claim* claim, const std::string& of) { return *claim->vxnet < of; };
    for (auto it = std::lower_bound(taken.begin(), taken.end(), id, isBefore); it != taken.end() && *(*it)->vxnet == id;
         ++it) {
      gone.insert((*it)->address);
    }
    if (const std::size_t room = vxnet.cidr.count() - gone.size(); members > room) {
      const auto counted = [](std::size_t number, const char* one, const char* many) {
        return std::to_string(number) + (number == 1 ? one : many);
      };
      context.report.error(*pos,
                           vxnet.cidr.toString() + " is too small: vxnet " + called(vxnet) + " has " +
                               counted(room, " free address", " free addresses") + " for " +
                               counted(members, " member", " members"),
                           "give it a larger range");
    }
  }
}

}  // namespace

void validateAddresses(Context& context) {
  auto claims = collectClaims(context);
  const auto key = [](const Claim& c) { return std::tie(*c.vxnet, c.address, c.pos, c.owner->id); };
  std::sort(claims.begin(), claims.end(), [&](const Claim& a, const Claim& b) { return key(a) < key(b); });
  const Claim* first = nullptr;
  std::vector<const Claim*> taken;
  for (const Claim& claim : claims) {
    const Vxnet& vxnet = context.lab.vxnets.at(*claim.vxnet);
    if (!context.places.has(vxnet.id, "cidr") || !checkClaim(context, claim, vxnet)) {
      continue;
    }
    if (first != nullptr && *first->vxnet == *claim.vxnet && first->address == claim.address) {
      context.report.error(claim.pos, claim.address.toString() + " is taken by " + ownerOf(*first),
                           claim.borderRouter ? "give it another one: {vxnet: " + *claim.vxnet + ", address: ...}"
                                              : "that is at " + first->pos.toString());
      continue;
    }
    first = &claim;
    taken.push_back(&claim);
  }
  checkRoom(context, taken);
}

}  // namespace vpclab::lab
