#include "compile/builder.h"

#include <algorithm>
#include <tuple>

#include "compile/impairment.h"
#include "net/if_name.h"
#include "state/neighbours.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

// BR_MAX_PORTS in net/bridge/br_private.h, less the number 0 that no port gets.
constexpr std::size_t kMaxBridgePorts = 1023;

}  // namespace

// Names that mean something else to the kernel: the loopback, and the two directories beside those of the interfaces
// in /proc/sys/net/ipv4/conf.
std::string interfaceName(const std::string& wanted) {
  const bool reserved = wanted == "lo" || wanted == "all" || wanted == "default";
  return net::shortIfName(reserved ? wanted + "~" : wanted);
}

void Builder::error(const base::SourcePos& pos, std::string message, std::string hint) {
  out_.diagnostics.push_back({base::Severity::kError, pos, std::move(message), std::move(hint)});
}

net::Mac Builder::macOf(const std::string& netns, const std::string& name) const {
  return net::Mac::fromSeed(lab_.name + "/" + netns + "/" + name);
}

void Builder::add(Object object, const Origin& origin) {
  const Key key = keyOf(object);
  if (const Entry* other = out_.desired.find(key)) {
    if (!(*other->object == normalise(object))) {
      error(origin.pos, origin.noun + " needs " + key.toString() + ", which " + other->origin->noun + " (" +
                            other->origin->pos.toString() + ") needs otherwise");
    }
    return;
  }
  out_.desired.add(std::move(object), origin);
}

void Builder::parameter(const std::string& netns, const std::string& path, const std::string& value,
                        const Origin& origin) {
  add(Sysctl{netns, path, value}, origin);
}

void Builder::node(Node node, Role role, const Origin& origin, std::uint32_t localRulePriority) {
  const std::string netns = node.id;
  roles_[netns] = role;
  if (!out_.nodes.emplace(netns, std::move(node)).second) {
    error(origin.pos, "two objects need the namespace " + netns);
    return;
  }
  add(Netns{netns, localRulePriority}, origin);
  parameter(netns, "net/ipv4/ip_forward", role == Role::kRouter ? "1" : "0", origin);
  for (const std::string scope : {"all", "default"}) {
    const std::string directory = "net/ipv4/conf/" + scope + "/";
    parameter(netns, directory + "accept_redirects", "0", origin);
    // A router that sends redirects teaches the servers to skip it: its hop is seen once and never again.
    parameter(netns, directory + "send_redirects", "0", origin);
    // The way back skips a VPC's router, so that strict or loose filters would drop what is right.
    parameter(netns, directory + "rp_filter", "0", origin);
    // No lab has IPv6 yet, and its multicast makes large bridges slow.
    parameter(netns, "net/ipv6/conf/" + scope + "/disable_ipv6", "1", origin);
  }
  if (role == Role::kRouter) {
    // Every hop answers every probe (icmp(7)).
    parameter(netns, "net/ipv4/icmp_ratelimit", "0", origin);
  }
}

std::string Builder::takeName(const std::string& netns, const std::string& wanted, const Origin& origin) {
  std::string name = interfaceName(wanted);
  const auto [it, fresh] = names_.emplace(std::pair(netns, name), std::pair(wanted, origin));
  if (!fresh) {
    const auto& [otherWanted, otherOrigin] = it->second;
    error(origin.pos,
          "the interface " + name + " of " + netns + " would stand for both " + wanted + " (" + origin.noun + ") and " +
              otherWanted + " (" + otherOrigin.noun + ", " + otherOrigin.pos.toString() + ")",
          "rename one of the two");
  }
  return name;
}

void Builder::interface(const Leg& leg, const std::string& name, const Origin& origin) {
  Interface shown{name, leg.wanted, {}, leg.attachedTo};
  if (leg.address) {
    shown.addresses.push_back(*leg.address);
    add(Address{leg.netns, name, *leg.address, leg.noPrefixRoute},
        leg.addressPos.file.empty() ? origin : Origin{origin.noun, leg.addressPos});
  }
  if (const auto node = out_.nodes.find(leg.netns); node != out_.nodes.end()) {
    node->second.interfaces.push_back(std::move(shown));
  }
  if (leg.ported) {
    return;
  }
  // The kernel takes the larger of an interface's value and that of `all`, so both are set.
  const std::string directory = "net/ipv4/conf/" + name + "/";
  parameter(leg.netns, directory + (roles_[leg.netns] == Role::kRouter ? "send_redirects" : "accept_redirects"), "0",
            origin);
  parameter(leg.netns, directory + "rp_filter", "0", origin);
}

namespace {

// The line's own values are what asks for its limits; what is given first stands for all of them.
Origin placedAt(const lab::Impairment& line, const Origin& origin) {
  Origin out = origin;
  for (const auto& [field, pos] : {std::pair("loss", &line.lossPos), std::pair("jitter", &line.jitterPos),
                                   std::pair("delay", &line.delayPos), std::pair("rate", &line.ratePos)}) {
    if (!pos->file.empty()) {
      out.pos = *pos;
      out.parts.emplace_back(field, *pos);
    }
  }
  return out;
}

}  // namespace

void Builder::impair(const std::string& netns, const std::string& name, const lab::Impairment& line,
                     const Origin& origin) {
  if (auto qdisc = qdiscFor(netns, name, line, capabilities_)) {
    add(*qdisc, placedAt(line, origin));
  }
  if (const std::uint32_t loss = ingressLossFor(line, capabilities_); loss != 0) {
    auto& table = losses_.try_emplace(netns, state::IngressLosses{}, origin).first->second;
    table.first[name] = loss;
  }
}

void Builder::addLosses() {
  for (const auto& [netns, table] : losses_) {
    add(ingressLossTable(netns, table.first), table.second);
  }
}

std::pair<std::string, std::string> Builder::cable(const Leg& one, const Leg& other, const Origin& origin,
                                                   const lab::Impairment& line) {
  const auto endOf = [&](const Leg& leg) {
    const std::string name = takeName(leg.netns, leg.wanted, origin);
    return VethEnd{leg.netns, name, macOf(leg.netns, name), kDefaultMtu, true, leg.master};
  };
  const VethEnd first = endOf(one);
  const VethEnd second = endOf(other);
  add(makeVeth(first, second), origin);
  interface(one, first.name, origin);
  interface(other, second.name, origin);
  for (const Unable& unable : unableTo(line, capabilities_)) {
    error(unable.pos,
          origin.noun + " has a " + unable.what + ", which needs " + unable.needs + "; this kernel has not got it",
          unable.remedy);
  }
  impair(first.netns, first.name, line, origin);
  impair(second.netns, second.name, line, origin);
  return {first.name, second.name};
}

void Builder::page(PageSite site, const base::SourcePos& pos) {
  for (const std::string field : {"page of ", "socket of "}) {
    pagesOrigin_.parts.emplace_back(field + site.node + ":", pos);
  }
  pages_.push_back(std::move(site));
}

void Builder::checkPorts() {
  std::map<std::pair<std::string, std::string>, std::size_t> ports;
  for (const auto& [key, entry] : out_.desired.entries()) {
    if (const auto* veth = std::get_if<Veth>(entry.object.get())) {
      for (const VethEnd* end : {&veth->a, &veth->b}) {
        ++ports[{end->netns, end->master}];
      }
    }
  }
  for (const auto& [bridge, count] : ports) {
    const Entry* entry = out_.desired.find(Bridge{bridge.first, bridge.second}.key());
    if (entry != nullptr && count > kMaxBridgePorts) {
      error(entry->origin->pos,
            entry->origin->noun + " has " + std::to_string(count) + " members; a bridge takes " +
                std::to_string(kMaxBridgePorts),
            "spread them over several vxnets");
    }
  }
}

void Builder::addNeighbours() {
  for (auto& [table, place] : permanentNeighbours(out_.desired)) {
    const OriginPtr origin = out_.desired.find(place)->origin;
    add(std::move(table), *origin);
  }
}

Compiled Builder::finish() {
  checkPorts();
  addLosses();
  addNeighbours();
  if (!pages_.empty()) {
    // Its sites come from many servers, which are its origin together.
    pagesOrigin_.pos = lab_.pos;
    add(Process{"", "pages", PageServer{std::move(pages_)}}, pagesOrigin_);
  }
  for (auto& [id, node] : out_.nodes) {
    std::sort(node.interfaces.begin(), node.interfaces.end(),
              [](const Interface& x, const Interface& y) { return x.name < y.name; });
  }
  std::sort(out_.diagnostics.begin(), out_.diagnostics.end(),
            [](const auto& x, const auto& y) { return std::tie(x.pos, x.message) < std::tie(y.pos, y.message); });
  return std::move(out_);
}

}  // namespace vpclab::compile
