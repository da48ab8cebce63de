#include <algorithm>
#include <set>

#include "compile/nouns.h"
#include "lab/addressing.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

// The rule of an EIP on a server stands behind the main table (32766), so that intranet routes win.
constexpr std::uint32_t kFirstServerRule = 33'000;
// What the router itself says to the internet: behind all servers'.
constexpr std::uint32_t kFirstRouterRule = kFirstServerRule + kMaxEips;

std::optional<std::uint32_t> numberOf(const Builder& builder, const std::string& eip) {
  const auto it = builder.allocations().eipNumbers.find(eip);
  return it == builder.allocations().eipNumbers.end() || it->second == 0 || it->second > kMaxEips
             ? std::nullopt
             : std::optional(it->second);
}

std::string chain(const std::string& name, const std::string& type, const std::string& hook,
                  const std::string& priority, const std::string& rules) {
  return "\tchain " + name + " {\n\t\ttype " + type + " hook " + hook + " priority " + priority + "; policy accept;\n" +
         rules + "\t}";
}

// As nft prints it.
std::string destinationOf(const net::Prefix& network) {
  return "ip daddr " + (network.length() == 32 ? network.address().toString() : network.toString());
}

// What the router's own routes take is not tracked: it never leaves by an EIP. The router sees one direction only of
// what border routers bring; of two packets that begin such a connection on two processors the kernel drops one, and
// its table keeps for days what it never sees end. What comes by an EIP or asks for one is tracked, and so are the
// answers to the router's own addresses, which stand for who asks from inside.
std::string untracked(const lab::Lab& lab, const lab::Vpc& vpc, const std::string& byEips) {
  std::string own;
  std::set<net::Prefix> networks;  // sorted: policies may stand in any order
  for (const auto& [id, vxnet] : lab.vxnets) {
    if (vxnet.vpc == vpc.id) {
      own += "\t\tip daddr " + lab::gatewayOf(vxnet.cidr).toString() + " accept\n";
      networks.insert(vxnet.cidr);
    }
  }
  for (const auto& policy : vpc.routePolicies) {
    networks.insert(policy.to);
  }
  std::string others;
  for (const auto& network : networks) {
    others += "\t\t" + destinationOf(network) + " notrack\n";
  }
  return byEips + own + others;
}

}  // namespace

std::string eipInterface(const Builder& builder, const std::string& eip) {
  const auto number = numberOf(builder, eip);
  return number ? "eip" + std::to_string(*number) : "";
}

std::uint32_t eipTable(const Builder& builder, const std::string& eip) {
  return kFirstEipTable + numberOf(builder, eip).value_or(0);
}

void compileEipLeg(Builder& builder, const lab::Eip& eip, const std::string& user) {
  const Origin origin{"eip " + eip.id, eip.pos};
  const std::string name = eipInterface(builder, eip.id);
  if (name.empty()) {
    builder.error(eip.pos, "eip " + eip.id + " has no number", "a lab takes " + std::to_string(kMaxEips) + " EIPs");
    return;
  }
  Leg outside{"internet", name};
  outside.attachedTo = eip.id;
  Leg inside{user, name};
  inside.attachedTo = eip.id;
  inside.address = net::Prefix::host(eip.address);
  inside.addressPos = builder.lab().placeOf(eip, "address");
  builder.cable(outside, inside, origin, eip.line);
  Route route{"internet", kMainTable, net::Prefix::host(eip.address)};
  route.device = name;
  builder.add(route, {origin.noun, inside.addressPos});
}

std::vector<Parameter> eipParameters(const lab::Lab& lab, const lab::Vpc& vpc) {
  const bool hasEip = std::any_of(lab.servers.begin(), lab.servers.end(), [&](const auto& entry) {
    return !entry.second.eip.empty() && lab.vxnets.at(entry.second.vxnet).vpc == vpc.id;
  });
  return hasEip ? std::vector<Parameter>{{kIcmpErrorsByInbound, "1"}} : std::vector<Parameter>();
}

// Inbound: the EIP becomes the server's address. Outbound: the server's traffic that no intranet route takes leaves by
// the leg with the EIP as its source. Hairpin: who asks for the EIP from inside is sent to the server too, in the
// router's name, or the server would answer past the router. Nothing is dropped: the router sees one direction only of
// what border routers bring, so it must not judge by connection state. The router's own word on what came by a leg (its
// hop on a path, a server that is down) has the EIP as its source (eipParameters), and leaves by that leg.
void compileServerEips(Builder& builder, const lab::Vpc& vpc) {
  const lab::Lab& lab = builder.lab();
  std::string byEips;
  std::string destinations;
  std::string sources;
  Origin origin;
  for (const auto& [id, server] : lab.servers) {
    if (server.eip.empty()) {
      continue;  // most of them, which are asked for every VPC
    }
    const auto eip = lab.eips.find(server.eip);
    const auto address = addressOf(builder, id);
    if (eip == lab.eips.end() || !address || lab.vxnets.at(server.vxnet).vpc != vpc.id) {
      continue;
    }
    compileEipLeg(builder, eip->second, vpc.id);
    const std::string name = eipInterface(builder, eip->first);
    if (name.empty()) {
      continue;
    }
    origin = {"eip " + eip->first + " of server " + id, lab.placeOf(server, "eip")};
    const std::uint32_t table = eipTable(builder, eip->first);
    builder.add(
        Route{vpc.id, table, net::Prefix(), 0, RouteType::kUnicast, internetAddress(), true, name, std::nullopt},
        origin);
    const auto leaves = [&](std::uint32_t firstRule, net::IpAddr source) {
      builder.add(Rule{vpc.id, firstRule + table - kFirstEipTable, "", 0, net::Prefix::host(source), table}, origin);
    };
    leaves(kFirstServerRule, *address);
    leaves(kFirstRouterRule, eip->second.address);
    const std::string outer = eip->second.address.toString();
    const std::string inner = address->toString();
    byEips += "\t\tiifname \"" + name + "\" accept\n\t\tip daddr " + outer + " accept\n";
    destinations += "\t\tip daddr " + outer + " dnat to " + inner + "\n";
    sources += "\t\toifname \"" + name + "\" ip saddr " + inner + " snat to " + outer + "\n";
    sources += "\t\tiifname != \"" + name + "\" ip daddr " + inner + " ct status dnat masquerade\n";
  }
  if (destinations.empty()) {
    return;
  }
  if (!builder.capabilities().nftables) {
    builder.error(origin.pos, "an EIP on a server needs nftables, which this kernel has not",
                  "load the kernel modules nf_tables and nft_nat, or give the EIP to a load balancer");
    return;
  }
  builder.add(NftTable{vpc.id, chain("untracked", "filter", "prerouting", "raw", untracked(lab, vpc, byEips)) + "\n\n" +
                                   chain("destinations", "nat", "prerouting", "dstnat", destinations) + "\n\n" +
                                   chain("sources", "nat", "postrouting", "srcnat", sources)},
              origin);
}

}  // namespace vpclab::compile
