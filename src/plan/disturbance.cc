#include "plan/disturbance.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "plan/fields.h"
#include "plan/order.h"

namespace vpclab::plan {

using namespace vpclab::state;

namespace {

// More names than that are a number.
constexpr std::size_t kMaxNames = 4;

// Workers let go of a socket by and by.
constexpr std::string_view kWindsDown = "open connections end with their requests, new ones are refused";

std::string listed(const std::set<std::string>& names) {
  if (names.size() > kMaxNames) {
    return std::to_string(names.size()) + " nodes";
  }
  return base::join({names.begin(), names.end()}, ", ");
}

class Disturbances {
 public:
  Disturbances(const Plan& plan, const State& observed) : observed_(observed) {
    for (const auto& step : plan.steps) {
      if (step.action == Action::kDelete && step.key.kind == Kind::kNetns) {
        goingNodes_.insert(step.key.netns);
      }
    }
  }

  std::string of(const Step& step) const {
    if (step.action == Action::kCreate) {
      return "";  // what it stands for went by another step, which says so
    }
    return step.action == Action::kDelete
               ? std::visit([&](const auto& object) { return gone(object, step.replacement); }, *step.before)
               : changed(*step.before, *step.after);
  }

 private:
  static std::string meanwhile(bool replacement) { return replacement ? " until the plan is through" : ""; }
  // Whoever is spoken to through the link: a bridge's port stands for the node at its other end.
  std::set<std::string> nodesAt(const Veth& veth) const {
    std::set<std::string> out;
    for (const VethEnd* end : {&veth.a, &veth.b}) {
      const bool port = observed_.find(Bridge{end->netns, end->master}.key()) != nullptr;
      if (!port && goingNodes_.count(end->netns) == 0) {
        out.insert(end->netns + " by " + end->name);
      }
    }
    return out;
  }
  static std::string cut(const std::set<std::string>& nodes, bool replacement) {
    return nodes.empty() ? "" : "connections of " + listed(nodes) + " break, pings fail" + meanwhile(replacement);
  }

  // ---- what goes
  std::string gone(const Netns& netns, bool replacement) const {
    return "every connection of " + netns.name + " breaks, pings to it fail" + meanwhile(replacement);
  }
  std::string gone(const Sysctls&, bool) const { return ""; }
  std::string gone(const Bridge& bridge, bool replacement) const {
    std::set<std::string> nodes;
    observed_.each<Veth>([&](const Key&, const Veth& veth) {
      const bool first = veth.a.netns == bridge.netns && veth.a.master == bridge.name;
      const bool second = veth.b.netns == bridge.netns && veth.b.master == bridge.name;
      const std::string& node = first ? veth.b.netns : veth.a.netns;
      if ((first || second) && goingNodes_.count(node) == 0) {
        nodes.insert(node);
      }
    });
    return cut(nodes, replacement);
  }
  std::string gone(const Vrf& vrf, bool replacement) const {
    return "packets that " + vrf.netns + " forwards in " + vrf.name + " are lost" + meanwhile(replacement);
  }
  std::string gone(const Veth& veth, bool replacement) const { return cut(nodesAt(veth), replacement); }
  std::string gone(const WgDevice& device, bool replacement) const {
    return "packets that " + device.netns + " sends by the tunnel " + device.name + " are lost" +
           (replacement ? " until it has shaken hands again" : "");
  }
  std::string gone(const Address& address, bool replacement) const {
    return "connections of " + address.netns + " with its address " + address.prefix.address().toString() +
           " break, pings to it fail" + meanwhile(replacement);
  }
  std::string gone(const Rule& rule, bool replacement) const {
    return "packets that the rule led to table " + std::to_string(rule.table) + " of " + rule.netns +
           " take another way or none" + meanwhile(replacement);
  }
  std::string gone(const Route& route, bool replacement) const {
    if (route.type != RouteType::kUnicast) {
      return "";
    }
    const std::string how = isByRules(route)                ? " take another way or none"
                            : route.destination.isDefault() ? " have no way"
                                                            : " have no way but that of a wider route";
    return usersOf(route) + how + meanwhile(replacement);
  }
  // Neither the main table's nor a VRF's: where it knows no way, the next rule has its say.
  bool isByRules(const Route& route) const { return route.table != kMainTable && vrfOf(route).empty(); }
  std::string vrfOf(const Route& route) const {
    std::string out;
    observed_.eachIn<Vrf>(route.netns, [&](const Key&, const Vrf& vrf) {
      if (vrf.table == route.table) {
        out = vrf.name;
      }
    });
    return out;
  }
  std::string usersOf(const Route& route) const {
    if (isByRules(route)) {
      return "connections" + (route.destination.isDefault() ? "" : " to " + route.destination.toString()) +
             " that rules of " + route.netns + " lead to table " + std::to_string(route.table);
    }
    const std::string vrf = vrfOf(route);
    return "connections of and through " + route.netns + (vrf.empty() ? "" : " in " + vrf) + " to " +
           (route.destination.isDefault() ? "everywhere else" : route.destination.toString());
  }
  // The kernel asks for them by ARP then.
  std::string gone(const Neighbours&, bool) const { return ""; }
  std::string gone(const Qdisc& qdisc, bool) const {
    return "packets that wait in the queue of " + qdisc.netns + "'s " + qdisc.link + " are lost";
  }
  std::string gone(const NftTable& table, bool replacement) const {
    return table.family == NftFamily::kIp
               ? "connections that " + table.netns + " translates or marks break" + meanwhile(replacement)
               : "";
  }
  std::string gone(const Process& process, bool replacement) const {
    return "connections to " + programOf(process) + " break" + meanwhile(replacement);
  }
  static std::string programOf(const Process& process) {
    if (std::holds_alternative<PageServer>(process.spec)) {
      return "every page";
    }
    return process.name + " of " + process.netns;
  }

  // ---- what changes in place
  std::string changed(const Object& before, const Object& after) const {
    return std::visit(
        [&](const auto& old) -> std::string { return change(old, std::get<std::decay_t<decltype(old)>>(after)); },
        before);
  }
  // What changes in place here disturbs nobody.
  static std::string change(const Netns&, const Netns&) { return ""; }
  static std::string change(const Vrf&, const Vrf&) { return ""; }
  static std::string change(const Address&, const Address&) { return ""; }
  static std::string change(const Rule&, const Rule&) { return ""; }
  static std::string change(const Neighbours&, const Neighbours&) { return ""; }
  static std::string change(const NftTable&, const NftTable&) { return ""; }
  static std::string change(const Sysctls& before, const Sysctls& after) {
    const auto* was = before.parameters.find(kIpForward);
    const auto* is = after.parameters.find(kIpForward);
    const bool ends = was != nullptr && is != nullptr && *was != "0" && *is == "0";
    return ends ? "connections through " + before.netns + " break" : "";
  }
  static std::string change(const Qdisc& before, const Qdisc&) {
    return "packets that wait in the queue of " + before.netns + "'s " + before.link + " may be lost";
  }
  std::string change(const Bridge& before, const Bridge& after) const {
    return before.up && !after.up ? gone(before, false) : "";
  }
  std::string change(const Veth& before, const Veth& after) const {
    const auto isCut = [](const VethEnd& x, const VethEnd& y) { return (x.up && !y.up) || x.master != y.master; };
    if (isCut(before.a, after.a) || isCut(before.b, after.b)) {
      return cut(nodesAt(before), after.a.up && after.b.up);
    }
    if (!(before.a.mac == after.a.mac) || !(before.b.mac == after.b.mac)) {
      return "packets to " + listed(nodesAt(before)) + " are lost until its neighbours have learnt the new MAC";
    }
    return "";
  }
  std::string change(const Route& before, const Route& after) const {
    if (before.type != RouteType::kUnicast) {
      return "";
    }
    return usersOf(before) + (after.type == RouteType::kUnicast ? " take the new way" : " break");
  }
  static std::string change(const WgDevice& before, const WgDevice& after) {
    const std::string tunnel = "the tunnel " + before.name + " of " + before.netns;
    if (!(before.publicKey == after.publicKey) || before.listenPort != after.listenPort) {
      return "packets through " + tunnel + " are lost until it has shaken hands again";
    }
    for (const auto& [key, peer] : *before.peers) {
      const auto now = after.peers->find(key);
      if (now == after.peers->end()) {
        return "packets by " + tunnel + " to what went by its peer " + key.toBase64() + " are lost";
      }
    }
    return before.up && !after.up ? "packets by " + tunnel + " are lost" : "";
  }
  static std::string change(const Process& before, const Process& after) {
    if (std::holds_alternative<Command>(before.spec)) {
      return "connections to " + programOf(before) + " break until it runs again";
    }
    if (const auto* balancer = std::get_if<LoadBalancer>(&before.spec)) {
      return closedListeners(*balancer, std::get<LoadBalancer>(after.spec));
    }
    return closedPages(std::get<PageServer>(before.spec), std::get<PageServer>(after.spec));
  }
  // By their ports: one that stays open refuses nobody, and its connections go on unless it speaks another protocol.
  static std::string closedListeners(const LoadBalancer& before, const LoadBalancer& after) {
    std::set<std::string> closed;
    std::string changed;
    for (const auto& listener : before.listeners) {
      const auto now = std::find_if(after.listeners.begin(), after.listeners.end(),
                                    [&](const Listener& other) { return other.listen == listener.listen; });
      if (now == after.listeners.end()) {
        closed.insert(listener.name);
      } else if (now->protocol != listener.protocol) {
        changed += (changed.empty() ? "" : "; ") + before.id + "'s port " + std::to_string(listener.listen.port) +
                   " speaks " + (now->protocol == ListenerProtocol::kHttp ? "http" : "tcp") +
                   ": open connections end with their requests";
      }
    }
    if (closed.empty()) {
      return changed;
    }
    const std::string which = closed.size() > kMaxNames ? std::to_string(closed.size()) + " listeners close"
                              : closed.size() > 1       ? "listeners " + listed(closed) + " close"
                                                        : "listener " + *closed.begin() + " closes";
    return before.id + "'s " + which + ": " + std::string(kWindsDown) + (changed.empty() ? "" : "; ") + changed;
  }
  static std::string closedPages(const PageServer& before, const PageServer& after) {
    std::set<std::string> closed;
    for (const auto& site : before.sites) {
      const bool stays = std::any_of(after.sites.begin(), after.sites.end(),
                                     [&](const PageSite& other) { return other.listen == site.listen; });
      if (!stays) {
        closed.insert(site.node);
      }
    }
    return closed.empty() ? "" : "the page of " + listed(closed) + " closes: " + std::string(kWindsDown);
  }

  const State& observed_;
  std::set<std::string> goingNodes_;
};

}  // namespace

void noteDisturbances(Plan& plan, const State& observed) {
  const Disturbances disturbances(plan, observed);
  for (auto& step : plan.steps) {
    step.disturbs = disturbances.of(step);
  }
}

}  // namespace vpclab::plan
