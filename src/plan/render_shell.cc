#include <algorithm>
#include <array>

#include "base/text.h"
#include "plan/fields.h"
#include "plan/order.h"
#include "plan/render.h"

namespace vpclab::plan {

using namespace vpclab::state;

namespace {

class Shell {
 public:
  explicit Shell(const std::string& lab) : prefix_("vpclab." + lab + ".") {}

  void step(const Step& step) {
    if (step.action == Action::kDelete) {
      std::visit([this](const auto& object) { remove(object); }, *step.before);
    } else if (step.action == Action::kUpdate) {
      change(*step.after, *step.before);
    } else {
      std::visit([this](const auto& object) { create(object); }, *step.after);
    }
  }

  void line(const std::string& text) { out_ += text + "\n"; }
  std::string take() { return std::move(out_); }

 private:
  std::string ns(const std::string& netns) const { return prefix_ + netns; }
  void ip(const std::string& netns, const std::string& rest) { line("ip -n " + ns(netns) + " " + rest); }
  void in(const std::string& netns, const std::string& rest) { line("ip netns exec " + ns(netns) + " " + rest); }

  // ---- namespaces and parameters
  void create(const Netns& netns) {
    line("ip netns add " + ns(netns.name));
    ip(netns.name, "link set lo up");
    if (netns.localRulePriority != 0) {
      moveLocalRule(netns, 0);
    }
  }
  void moveLocalRule(const Netns& netns, std::uint32_t from) {
    ip(netns.name, "rule add pref " + std::to_string(netns.localRulePriority) + " lookup local");
    ip(netns.name, "rule delete pref " + std::to_string(from));
  }
  void changeNetns(const Netns& after, const Netns& before) {
    if (after.loopbackUp != before.loopbackUp) {
      ip(after.name, "link set lo" + upText(after.loopbackUp));
    }
    if (after.loopbackAddress && !before.loopbackAddress) {
      ip(after.name, "address add 127.0.0.1/8 dev lo");
    }
    if (after.mainRule && !before.mainRule) {
      ip(after.name, "rule add pref " + std::to_string(kMainRulePriority) + " lookup main");
    }
    if (after.loopbackRouted != before.loopbackRouted) {
      addRoutes(loopbackAddress(after.name), loopbackRoutes());
    }
    if (after.localRulePriority != before.localRulePriority) {
      moveLocalRule(after, before.localRulePriority);
    }
  }
  void remove(const Netns& netns) { line("ip netns delete " + ns(netns.name)); }
  void create(const Sysctls& sysctls) { write(sysctls.netns, toWrite(sysctls, nullptr)); }
  void remove(const Sysctls&) {}
  void write(const std::string& netns, const Parameters& parameters) {
    std::string command = "sysctl -qw";
    for (const auto& [path, value] : parameters) {
      command += " " + path + "=" + value;
    }
    in(netns, command);
  }

  // ---- links
  static std::string masterText(const std::string& master) {
    return master.empty() ? " nomaster" : " master " + master;
  }
  static std::string macAndMtu(const net::Mac& mac, std::uint32_t mtu) {
    return " address " + mac.toString() + " mtu " + std::to_string(mtu);
  }
  static std::string upText(bool up) { return up ? " up" : " down"; }
  void removeLink(const std::string& netns, const std::string& name) { ip(netns, "link delete " + name); }

  void create(const Bridge& bridge) {
    ip(bridge.netns, "link add " + bridge.name + macAndMtu(bridge.mac, bridge.mtu) + " type bridge mcast_snooping 0");
    ip(bridge.netns, "link set " + bridge.name + upText(bridge.up));
  }
  void remove(const Bridge& bridge) { removeLink(bridge.netns, bridge.name); }
  void create(const Vrf& vrf) {
    ip(vrf.netns, "link add " + vrf.name + " type vrf table " + std::to_string(vrf.table));
    ip(vrf.netns, "link set " + vrf.name + upText(vrf.up));
  }
  void remove(const Vrf& vrf) { removeLink(vrf.netns, vrf.name); }
  void create(const Veth& veth) {
    ip(veth.a.netns, "link add " + veth.a.name + macAndMtu(veth.a.mac, veth.a.mtu) + " type veth peer name " +
                         veth.b.name + " netns " + ns(veth.b.netns) + macAndMtu(veth.b.mac, veth.b.mtu));
    for (const VethEnd* end : {&veth.a, &veth.b}) {
      ip(end->netns, "link set " + end->name + (end->master.empty() ? "" : " master " + end->master) + upText(end->up));
    }
  }
  void remove(const Veth& veth) { removeLink(veth.a.netns, veth.a.name); }

  void create(const WgDevice& device) {
    if (device.implementation == TunnelImplementation::kKernel) {
      ip(device.socketNetns, "link add " + device.name + " type wireguard");
    } else {
      in(device.socketNetns, "wireguard-go " + device.name);
    }
    in(device.socketNetns, "wg set " + device.name + identity(device));
    for (const auto& [key, peer] : *device.peers) {
      in(device.socketNetns, "wg set " + device.name + peerText(key, peer));
    }
    ip(device.socketNetns, "link set " + device.name + " netns " + ns(device.netns));
    ip(device.netns, "link set " + device.name + " mtu " + std::to_string(device.mtu) +
                         (device.master.empty() ? "" : " master " + device.master) + upText(device.up));
  }
  void remove(const WgDevice& device) { removeLink(device.netns, device.name); }
  static std::string identity(const WgDevice& device) {
    return " listen-port " + std::to_string(device.listenPort) + " private-key \"$KEYS/" + device.name + "\"";
  }
  static std::string peerText(const net::WgKey& key, const WgPeer& peer) {
    std::vector<std::string> allowed;
    for (const auto& prefix : peer.allowedIps) {
      allowed.push_back(prefix.toString());
    }
    std::string out = " peer " + key.toBase64();
    if (peer.endpointAddress) {
      out += " endpoint " + peer.endpointAddress->toString() + ":" + std::to_string(peer.endpointPort);
    }
    out += " persistent-keepalive " + std::to_string(peer.keepaliveSeconds);
    return out + " allowed-ips \"" + base::join(allowed, ",") + "\"";
  }

  // ---- addresses, rules, routes
  void create(const Address& address) {
    ip(address.netns, "address add " + address.prefix.toString() + " dev " + address.link +
                          (address.noPrefixRoute ? " noprefixroute" : ""));
  }
  void remove(const Address& address) {
    std::string which = address.prefix.toString();
    if (address.peer) {
      which = address.prefix.address().toString() + " peer " +
              net::Prefix(*address.peer, address.prefix.length()).toString();
    }
    ip(address.netns, "address delete " + which + " dev " + address.link);
  }
  void addRoutes(const Address& address, const std::vector<AddressRoute>& routes) {
    for (const AddressRoute& route : routes) {
      const char* type = route.type == AddressRoute::Type::kLocal       ? "local "
                         : route.type == AddressRoute::Type::kBroadcast ? "broadcast "
                                                                        : "";
      ip(address.netns, "route prepend " + (type + route.to.toString()) + " dev " + address.link + " table " +
                            std::to_string(route.table) + " protocol kernel scope " +
                            (route.type == AddressRoute::Type::kLocal ? "host" : "link") + " src " +
                            address.prefix.address().toString());
    }
  }
  void create(const Rule& rule) {
    std::string out = "rule add pref " + std::to_string(rule.priority);
    out += rule.source ? " from " + rule.source->toString() : "";
    out += rule.incomingInterface.empty() ? "" : " iif " + rule.incomingInterface;
    out += rule.mark == 0 ? "" : " fwmark " + std::to_string(rule.mark);
    ip(rule.netns, out + " lookup " + std::to_string(rule.table) + protocol());
  }
  void remove(const Rule& rule) { ip(rule.netns, "rule delete pref " + std::to_string(rule.priority)); }
  static std::string protocol() { return " protocol " + std::to_string(kRouteProtocol); }
  void create(const Neighbours& table) { changeNeighbours(table, {}); }
  void remove(const Neighbours& table) { changeNeighbours({table.netns, table.link, {}}, table); }
  void changeNeighbours(const Neighbours& after, const Neighbours& before) {
    const auto has = [](const Neighbours& table, net::IpAddr address) {
      return std::any_of(table.entries.begin(), table.entries.end(),
                         [&](const auto& entry) { return entry.first == address; });
    };
    const std::string dev = " dev " + after.link;
    for (const auto& [address, mac] : before.entries) {
      if (!has(after, address)) {
        ip(after.netns, "neighbour delete " + address.toString() + dev);
      }
    }
    for (const auto& entry : after.entries) {
      if (std::find(before.entries.begin(), before.entries.end(), entry) == before.entries.end()) {
        ip(after.netns, "neighbour replace " + entry.first.toString() + " lladdr " + entry.second.toString() + dev +
                            " nud permanent" + protocol());
      }
    }
  }
  void create(const Route& route) { routeCommand("add", route); }
  void remove(const Route& route) { routeCommand("delete", route); }
  void routeCommand(const std::string& verb, const Route& route) {
    // describe() says it as ip-route(8) reads it.
    ip(route.netns, "route " + verb + describe(route).substr(std::string("route").size()) + protocol());
  }

  // ---- traffic
  void create(const Qdisc& qdisc) {
    const std::string replace = "tc -n " + ns(qdisc.netns) + " qdisc replace dev " + qdisc.link;
    if (qdisc.needsNetem()) {
      line(replace + " root handle 1: netem" + netemText(qdisc));
    }
    if (qdisc.rateBitsPerSecond != 0) {
      // A packet of full size always fits the burst; what waits longer than the latency is dropped: tc-tbf(8).
      line(replace + (qdisc.needsNetem() ? " parent 1:1 handle 2: " : " root ") + "tbf rate " +
           rateText(qdisc.rateBitsPerSecond) + " burst 32kb latency 50ms");
    }
  }
  static std::string netemText(const Qdisc& qdisc) {
    std::string out;
    if (qdisc.delayMicroseconds != 0 || qdisc.jitterMicroseconds != 0) {
      out +=
          " delay " + std::to_string(qdisc.delayMicroseconds) + "us " + std::to_string(qdisc.jitterMicroseconds) + "us";
    }
    if (qdisc.lossPerMillion != 0) {
      std::string fraction = std::to_string(1'000'000 + qdisc.lossPerMillion % 10'000).substr(3);
      out += " loss " + std::to_string(qdisc.lossPerMillion / 10'000) + "." + fraction + "%";
    }
    // tc's own limit is 1000 packets; what the rate behind it lets pass is tbf's to say.
    return out + (qdisc.rateBitsPerSecond == 0 ? "" : " limit 1000000");
  }
  void remove(const Qdisc& qdisc) { line("tc -n " + ns(qdisc.netns) + " qdisc delete dev " + qdisc.link + " root"); }
  void create(const NftTable& table) {
    const std::string name = nameOf(table);
    in(table.netns, "nft -f - <<'END'\n" + name + "\ndelete " + name + "\n" + name + " {\n" + table.body + "\n}\nEND");
  }
  void remove(const NftTable& table) { in(table.netns, "nft delete " + nameOf(table)); }
  static std::string nameOf(const NftTable& table) {
    return "table " + std::string(state::nameOf(table.family)) + " " + NftTable::kName;
  }

  // ---- processes: our own workers, which no command starts
  void create(const Process& process) { line("# start " + describe(process) + at(process)); }
  void remove(const Process& process) { line("# end " + describe(process) + at(process)); }
  static std::string at(const Process& process) { return process.netns.empty() ? "" : " in " + process.netns; }

  // ---- changes in place
  void change(const Object& after, const Object& before) {
    if (const auto* netns = std::get_if<Netns>(&after)) {
      changeNetns(*netns, std::get<Netns>(before));
    } else if (const auto* sysctls = std::get_if<Sysctls>(&after)) {
      write(sysctls->netns, toWrite(*sysctls, &std::get<Sysctls>(before)));
    } else if (const auto* address = std::get_if<Address>(&after)) {
      addRoutes(*address, routesOf(*address, std::get<Address>(before).lost));
    } else if (const auto* bridge = std::get_if<Bridge>(&after)) {
      ip(bridge->netns, "link set " + bridge->name + macAndMtu(bridge->mac, bridge->mtu) + upText(bridge->up));
    } else if (const auto* vrf = std::get_if<Vrf>(&after)) {
      ip(vrf->netns, "link set " + vrf->name + upText(vrf->up));
    } else if (const auto* veth = std::get_if<Veth>(&after)) {
      changeEnd(veth->a, std::get<Veth>(before).a);
      changeEnd(veth->b, std::get<Veth>(before).b);
    } else if (const auto* device = std::get_if<WgDevice>(&after)) {
      changeTunnel(*device, std::get<WgDevice>(before));
    } else if (const auto* route = std::get_if<Route>(&after)) {
      routeCommand("replace", *route);
    } else if (const auto* table = std::get_if<Neighbours>(&after)) {
      changeNeighbours(*table, std::get<Neighbours>(before));
    } else if (const auto* qdisc = std::get_if<Qdisc>(&after)) {
      const auto& old = std::get<Qdisc>(before);
      // A qdisc changes its parameters, not its kind, and of two below each other the lower one goes with the upper.
      if (old.needsNetem() != qdisc->needsNetem() || (old.rateBitsPerSecond != 0 && qdisc->rateBitsPerSecond == 0)) {
        remove(old);
      }
      create(*qdisc);
    } else if (const auto* process = std::get_if<Process>(&after)) {
      line("# change " + describe(*process) + at(*process));
    } else {
      std::visit([this](const auto& object) { create(object); }, after);
    }
  }
  void changeEnd(const VethEnd& after, const VethEnd& before) {
    if (after == before) {
      return;
    }
    ip(after.netns, "link set " + after.name + macAndMtu(after.mac, after.mtu) +
                        (after.master == before.master ? "" : masterText(after.master)) + upText(after.up));
  }
  void changeTunnel(const WgDevice& after, const WgDevice& before) {
    const std::string set = "wg set " + after.name;
    if (!(after.publicKey == before.publicKey) || after.listenPort != before.listenPort) {
      in(after.netns, set + identity(after));
    }
    for (const auto& [key, peer] : *before.peers) {
      if (after.peers->count(key) == 0) {
        in(after.netns, set + " peer " + key.toBase64() + " remove");
      }
    }
    for (const auto& [key, peer] : *after.peers) {
      const auto old = before.peers->find(key);
      if (old == before.peers->end() || !(old->second == peer)) {
        in(after.netns, set + peerText(key, peer));
      }
    }
    if (after.mtu != before.mtu || after.master != before.master || after.up != before.up) {
      ip(after.netns, "link set " + after.name + " mtu " + std::to_string(after.mtu) +
                          (after.master == before.master ? "" : masterText(after.master)) + upText(after.up));
    }
  }

  std::string prefix_;
  std::string out_;
};

}  // namespace

std::string renderShell(const Plan& plan, const std::string& lab) {
  Shell shell(lab);
  shell.line("#!/bin/sh");
  shell.line("# What `vpclab apply` does, by hand: " + summary(plan) + ".");
  shell.line("# Private keys of tunnels are read from $KEYS/<interface>.");
  shell.line("set -eu");
  for (const auto& step : plan.steps) {
    shell.step(step);
  }
  return shell.take();
}

}  // namespace vpclab::plan
