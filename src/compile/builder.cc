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
  entries_.push_back(maker_.make(std::move(object), maker_.shared(origin)));
}

void Builder::settle() {
  sortByKey(entries_);
  const auto isTwice = [this](const Entry& next, const Entry& first) {
    if (next.key() != first.key()) {
      return false;
    }
    if (!isAlike(next, first)) {
      error(next.origin->pos, next.origin->noun + " needs " + next.key().toString() + ", which " + first.origin->noun +
                                  " (" + first.origin->pos.toString() + ") needs otherwise");
    }
    return true;
  };
  // The first one of equals stays.
  entries_.erase(std::unique(entries_.begin(), entries_.end(),
                             [&](const Entry& first, const Entry& next) { return isTwice(next, first); }),
                 entries_.end());
  out_.desired.add(std::move(entries_));
}

namespace {

const base::SharedString& zero() {
  static const base::SharedString kZero = "0";
  return kZero;
}

// What every node has.
const Parameters& parametersOf(Role role) {
  static const auto make = [](Role of) {
    const base::SharedString one = "1";
    // A node that was of another kind in the last version of the lab has that one's.
    std::vector<Parameter> out(ofNewNamespace().begin(), ofNewNamespace().end());
    out.push_back({"net/ipv4/conf/all/src_valid_mark", zero()});
    out.push_back({kIpForward, of == Role::kRouter ? one : zero()});
    for (const std::string scope : {"all", "default"}) {
      const std::string directory = "net/ipv4/conf/" + scope + "/";
      out.push_back({directory + "accept_redirects", zero()});
      // A router that sends redirects teaches the servers to skip it: its hop is seen once and never again.
      out.push_back({directory + "send_redirects", zero()});
      // The way back skips a VPC's router, so that strict or loose filters would drop what is right.
      out.push_back({directory + "rp_filter", zero()});
      // No lab has IPv6 yet, and its multicast makes large bridges slow.
      out.push_back({"net/ipv6/conf/" + scope + "/disable_ipv6", one});
    }
    if (of == Role::kRouter) {
      // Every hop answers every probe (icmp(7)).
      out.push_back({kIcmpRateLimit, zero()});
    }
    return Parameters(std::move(out));
  };
  static const Parameters kHosts = make(Role::kHost);
  static const Parameters kRouters = make(Role::kRouter);
  return role == Role::kRouter ? kRouters : kHosts;
}

Parameters with(const Parameters& some, std::vector<Parameter> more) {
  more.insert(more.begin(), some.begin(), some.end());
  return Parameters(std::move(more));
}

}  // namespace

Builder::Place& Builder::placeOf(const std::string& netns) {
  Place& place = places_[netns];
  if (place.netns.empty()) {
    place.netns = maker_.shared(netns);
  }
  return place;
}

void Builder::node(Node node, Role role, const Origin& origin, std::uint32_t localRulePriority,
                   std::vector<Parameter> parameters) {
  const std::string id = node.id;
  if (!out_.nodes.emplace(id, std::move(node)).second) {
    error(origin.pos, "two objects need the namespace " + id);
    return;
  }
  Place& place = placeOf(id);
  place.role = role;
  const OriginPtr shared = maker_.shared(origin);
  entries_.emplace_back(Netns{place.netns, localRulePriority}, shared);
  const Parameters& usual = parametersOf(role);
  entries_.emplace_back(Sysctls{place.netns, {}, parameters.empty() ? usual : with(usual, std::move(parameters))},
                        shared);
}

std::string Builder::takeName(const std::string& netns, const std::string& wanted, const Origin& origin) {
  std::string name = interfaceName(wanted);
  const auto [it, fresh] = placeOf(netns).names.try_emplace(name);
  Taken& taken = it->second;
  if (fresh) {
    taken = {wanted, maker_.shared(origin)};
  } else {
    error(origin.pos,
          "the interface " + name + " of " + netns + " would stand for both " + wanted + " (" + origin.noun + ") and " +
              taken.wanted + " (" + taken.origin->noun + ", " + taken.origin->pos.toString() + ")",
          "rename one of the two");
  }
  return name;
}

void Builder::interface(const Leg& leg, const std::string& name, const Origin& origin) {
  Place& place = placeOf(leg.netns);
  Interface& shown = place.interfaces.emplace_back(Interface{name, leg.wanted, {}, leg.attachedTo});
  if (leg.address) {
    shown.addresses.push_back(*leg.address);
    add(Address{place.netns, name, *leg.address, leg.noPrefixRoute},
        leg.addressPos.file.empty() ? origin : Origin{origin.noun, leg.addressPos});
  }
  if (leg.ported) {
    return;
  }
  // The kernel takes the larger of an interface's value and that of `all`, so both are set.
  if (name != lastLink_.name) {
    const std::string directory = "net/ipv4/conf/" + name + "/";
    const Parameter filter{directory + "rp_filter", zero()};
    lastLink_ = {name, Parameters({{directory + "accept_redirects", zero()}, filter}),
                 Parameters({{directory + "send_redirects", zero()}, filter})};
  }
  const bool routes = place.role == Role::kRouter;
  entries_.emplace_back(Sysctls{place.netns, lastLink_.name, routes ? lastLink_.ofRouter : lastLink_.ofHost},
                        maker_.shared(origin));
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
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> ports;
  out_.desired.each<Veth>([&](const Key&, const Veth& veth) {
    for (const VethEnd* end : {&veth.a, &veth.b}) {
      if (!end->master.empty()) {
        ++ports[{end->netns.str(), end->master.str()}];
      }
    }
  });
  for (const auto& [bridge, count] : ports) {
    if (count <= kMaxBridgePorts) {
      continue;
    }
    const Entry* entry = out_.desired.find(Bridge{bridge.first, bridge.second}.key());
    if (entry != nullptr) {
      error(entry->origin->pos,
            entry->origin->noun + " has " + std::to_string(count) + " members; a bridge takes " +
                std::to_string(kMaxBridgePorts),
            "spread them over several vxnets");
    }
  }
}

void Builder::addNeighbours() {
  for (auto& [table, place] : permanentNeighbours(out_.desired)) {
    entries_.push_back(maker_.make(std::move(table), out_.desired.find(place)->origin));
  }
}

void Builder::addInterfaces() {
  for (auto& [id, node] : out_.nodes) {
    node.interfaces = std::move(placeOf(id).interfaces);
    std::sort(node.interfaces.begin(), node.interfaces.end(),
              [](const Interface& x, const Interface& y) { return x.name < y.name; });
  }
}

Builder::Pieces Builder::pieces() {
  addInterfaces();
  return {std::move(entries_), std::move(out_.nodes), std::move(out_.diagnostics)};
}

Compiled Builder::finish() {
  addInterfaces();
  places_.clear();  // before the most memory is needed
  addLosses();
  settle();
  checkPorts();
  addNeighbours();
  if (!pages_.empty()) {
    // Its sites come from many servers, which are its origin together.
    pagesOrigin_.pos = lab_.pos;
    add(Process{"", "pages", PageServer{std::move(pages_)}}, pagesOrigin_);
  }
  settle();
  std::sort(out_.diagnostics.begin(), out_.diagnostics.end(),
            [](const auto& x, const auto& y) { return std::tie(x.pos, x.message) < std::tie(y.pos, y.message); });
  return std::move(out_);
}

}  // namespace vpclab::compile
