#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "base/text.h"
#include "compile/nouns.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

// Domain n: fwmark n, its rule at 100 + n; the rules of incoming interfaces follow, all before the local table.
constexpr std::uint32_t kFirstMarkRule = 100;
constexpr std::uint32_t kFirstInterfaceRule = 1000;
constexpr std::uint32_t kInterfaceRules = 28'000;
static_assert(kFirstMarkRule + kMaxDomains < kFirstInterfaceRule);
static_assert(kFirstInterfaceRule + kInterfaceRules < kLocalRuleBehindDomains);

struct Port {
  std::string device;
  DomainPlace place;
  Origin origin;
};

// The interfaces of the router with their domains: vxnets and tunnels.
std::vector<Port> portsOf(Builder& builder, const lab::BorderRouter& router) {
  std::vector<Port> ports;
  for (const auto& domain : router.domains) {
    const auto place = placeOf(builder, router, domain);
    if (!place) {
      continue;
    }
    for (const auto& join : domain.joins) {
      ports.push_back({interfaceName(join.vxnet), *place, {"border router " + router.id, join.pos}});
    }
    for (const auto& [id, sdwan] : builder.lab().sdwans) {
      for (const auto& point : sdwan.accessPoints) {
        if (point.borderRouter == router.id && point.domain == domain.id) {
          ports.push_back({interfaceName(point.id), *place, {"access point " + point.id, point.pos}});
        }
      }
    }
  }
  std::sort(ports.begin(), ports.end(), [](const Port& x, const Port& y) { return x.device < y.device; });
  return ports;
}

// A place for the rule of an interface that stays the same whatever other interfaces come and go. Fewer than
// kInterfaceRules are taken.
std::uint32_t rulePriority(const std::string& device, std::set<std::uint32_t>& taken) {
  auto slot = static_cast<std::uint32_t>(base::stableHash(device) % kInterfaceRules);
  while (!taken.insert(slot).second) {
    slot = (slot + 1) % kInterfaceRules;
  }
  return kFirstInterfaceRule + slot;
}

std::string markText(std::uint32_t mark) {
  std::array<char, 16> text{};
  (void)std::snprintf(text.data(), text.size(), "0x%08x", mark);
  return text.data();
}

}  // namespace

// Rules by incoming interface lead to a domain's table what arrives and is forwarded, and the kernel's lookups for ARP.
// Answers that the router makes itself (echo replies, TTL and MTU errors) have no incoming interface: a mark, put on
// everything that arrives and reflected by fwmark_reflect, leads those home.
void compileDomainRules(Builder& builder, const lab::BorderRouter& router) {
  const Origin origin{"border router " + router.id, router.pos};
  if (!builder.capabilities().nftables) {
    builder.error(router.pos, "a border router needs VRF devices or nftables; this kernel has neither",
                  "load the kernel module vrf or nf_tables");
    return;
  }
  const std::vector<Port> ports = portsOf(builder, router);
  if (ports.size() > kInterfaceRules) {
    builder.error(router.pos,
                  "a border router with " + std::to_string(ports.size()) + " interfaces: without VRF devices it has " +
                      std::to_string(kInterfaceRules) + " at most",
                  "load the kernel module vrf, or divide its vxnets among several border routers");
    return;
  }
  std::set<std::uint32_t> taken;
  std::set<std::uint32_t> marked;
  NftTable table{router.id, "\tchain prerouting {\n\t\ttype filter hook prerouting priority mangle; policy accept;\n"};
  for (const auto& port : ports) {
    builder.add(Rule{router.id, rulePriority(port.device, taken), port.device, 0, std::nullopt, port.place.table},
                port.origin);
    if (marked.insert(port.place.number).second) {
      builder.add(
          Rule{router.id, kFirstMarkRule + port.place.number, "", port.place.number, std::nullopt, port.place.table},
          origin);
    }
    table.body += "\t\tiifname \"" + port.device + "\" meta mark set " + markText(port.place.number) + "\n";
  }
  table.body += "\t}";
  if (!ports.empty()) {
    builder.add(std::move(table), origin);
  }
}

}  // namespace vpclab::compile
