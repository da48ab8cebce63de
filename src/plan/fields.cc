#include "plan/fields.h"

#include <array>
#include <cstdio>
#include <set>

#include "base/text.h"
#include "plan/listener_fields.h"

namespace vpclab::plan {

using namespace vpclab::state;

std::string_view nameOf(RouteType type) {
  switch (type) {
    case RouteType::kUnicast:
      return "unicast";
    case RouteType::kLocal:
      return "local";
    case RouteType::kUnreachable:
      return "unreachable";
    case RouteType::kBlackhole:
      return "blackhole";
  }
  return "unknown";
}

std::string rateText(std::uint64_t bitsPerSecond) {
  if (bitsPerSecond != 0 && bitsPerSecond % 1'000'000 == 0) {
    return std::to_string(bitsPerSecond / 1'000'000) + "mbit";
  }
  if (bitsPerSecond != 0 && bitsPerSecond % 1000 == 0) {
    return std::to_string(bitsPerSecond / 1000) + "kbit";
  }
  return std::to_string(bitsPerSecond) + "bit";
}

namespace {

std::string upDown(bool up) {
  return up ? "up" : "down";
}

std::string thereOrMissing(bool there) {
  return there ? "there" : "missing";
}

std::string orNone(const std::string& text) {
  return text.empty() ? "none" : text;
}

std::string lostText(const LostRoutes& lost) {
  std::vector<std::string> parts;
  for (const auto& [table, name] : {std::pair(lost.local, "local"), std::pair(lost.broadcast, "broadcast"),
                                    std::pair(lost.connected, "connected")}) {
    if (table != 0) {
      parts.emplace_back(name);
    }
  }
  return parts.empty() ? "complete"
                       : base::join(parts, ", ") + (parts.size() == 1 ? " route missing" : " routes missing");
}

std::string contentText(const std::string& content) {
  std::array<char, 17> hash{};
  (void)std::snprintf(hash.data(), hash.size(), "%08llx",
                      static_cast<unsigned long long>(base::stableHash(content) & 0xFFFFFFFFU));
  return std::to_string(content.size()) + " bytes #" + hash.data();
}

std::string listText(const std::vector<net::Prefix>& prefixes) {
  std::vector<std::string> parts;
  for (const auto& prefix : prefixes) {
    parts.push_back(prefix.toString());
  }
  return orNone(base::join(parts, ","));
}

struct FieldsOf {
  Fields out;

  void add(std::string name, std::string value) { out.emplace_back(std::move(name), std::move(value)); }

  void operator()(const Netns& netns) {
    add("local rule priority", std::to_string(netns.localRulePriority));
    add("loopback", upDown(netns.loopbackUp));
    add("loopback routes", netns.loopbackRouted ? "complete" : "missing");
    add("loopback address", thereOrMissing(netns.loopbackAddress));
    add("main rule", thereOrMissing(netns.mainRule));
  }
  void operator()(const Sysctls& sysctls) {
    for (const auto& [path, value] : sysctls.parameters) {
      add(path, value);
    }
  }
  void operator()(const Bridge& bridge) {
    add("mac", bridge.mac.toString());
    add("mtu", std::to_string(bridge.mtu));
    add("state", upDown(bridge.up));
  }
  void operator()(const Vrf& vrf) {
    add("table", std::to_string(vrf.table));
    add("state", upDown(vrf.up));
  }
  void end(const VethEnd& end, const std::string& prefix) {
    add(prefix + "mac", end.mac.toString());
    add(prefix + "mtu", std::to_string(end.mtu));
    add(prefix + "state", upDown(end.up));
    add(prefix + "master", orNone(end.master));
  }
  void operator()(const Veth& veth) {
    add("far end", veth.b.netns + "/" + veth.b.name);
    end(veth.a, "");
    end(veth.b, "far ");
  }
  void operator()(const WgDevice& device) {
    add("socket namespace", device.socketNetns);
    add("implementation", device.implementation == TunnelImplementation::kKernel ? "wireguard device" : "wireguard-go");
    add("mtu", std::to_string(device.mtu));
    add("state", upDown(device.up));
    add("master", orNone(device.master));
    add("listen-port", std::to_string(device.listenPort));
    add("public-key", device.publicKey->toBase64());
    for (const auto& [key, peer] : *device.peers) {
      const std::string prefix = "peer " + key.toBase64() + " ";
      add(prefix + "endpoint",
          peer.endpointAddress ? peer.endpointAddress->toString() + ":" + std::to_string(peer.endpointPort) : "none");
      add(prefix + "allowed-ips", listText(peer.allowedIps));
      add(prefix + "keepalive", std::to_string(peer.keepaliveSeconds));
    }
  }
  void operator()(const Address& address) {
    add("connected route", address.noPrefixRoute ? "no" : "yes");
    add("place", address.secondary ? "behind another of its network" : "first of its network");
    add("state", lostText(address.lost));
  }
  void operator()(const Rule& rule) {
    add("iif", orNone(rule.incomingInterface));
    add("fwmark", std::to_string(rule.mark));
    add("from", rule.source ? rule.source->toString() : "all");
    add("table", std::to_string(rule.table));
  }
  void operator()(const Route& route) {
    add("type", std::string(nameOf(route.type)));
    add("via", route.gateway ? route.gateway->toString() : "none");
    add("onlink", route.onlink ? "yes" : "no");
    add("dev", orNone(route.device));
    add("src", route.preferredSource ? route.preferredSource->toString() : "none");
  }
  void operator()(const Neighbours& neighbours) {
    for (const auto& [address, mac] : neighbours.entries) {
      add("neighbour " + address.toString(), mac.toString());
    }
  }
  void operator()(const Qdisc& qdisc) {
    add("rate", qdisc.rateBitsPerSecond == 0 ? "unlimited" : rateText(qdisc.rateBitsPerSecond));
    add("delay", std::to_string(qdisc.delayMicroseconds) + "us");
    add("jitter", std::to_string(qdisc.jitterMicroseconds) + "us");
    add("loss", std::to_string(qdisc.lossPerMillion) + "ppm");
    add("rate of netem", qdisc.netemRateBitsPerSecond == 0 ? "none" : rateText(qdisc.netemRateBitsPerSecond));
  }
  // Rule by rule, so that a difference names the rules and not the table.
  void operator()(const NftTable& table) {
    std::map<std::string, int> seen;
    for (const auto line : base::split(table.body, '\n')) {
      const auto begin = line.find_first_not_of('\t');
      if (begin == std::string_view::npos || line.substr(begin) == "}") {
        continue;
      }
      const std::string text(line.substr(begin));
      const int number = ++seen[text];
      add("[" + text + "]" + (number > 1 ? " #" + std::to_string(number) : ""), "");
    }
  }
  void operator()(const Process& process) {
    static constexpr std::array<const char*, 3> kPrograms = {"page server", "load balancer", "command"};
    add("program", kPrograms.at(process.spec.index()));
    if (!std::holds_alternative<Command>(process.spec)) {
      add("version", process.outdated ? "outdated, its file was replaced" : "current");
    }
    add("state", process.ended ? "not running" : "running");
    std::visit([this](const auto& spec) { this->spec(spec); }, process.spec);
  }
  void spec(const PageServer& pages) {
    for (const auto& site : pages.sites) {
      const std::string at = site.node + ":" + std::to_string(site.listen.port);
      add("page of " + at, contentText(site.body) + " " + site.contentType);
      add("socket of " + at, site.listen.netns + " " + site.listen.address.toString());
    }
  }
  void spec(const LoadBalancer& balancer) {
    for (const auto& listener : balancer.listeners) {
      addListener(listener);
    }
  }
  void spec(const Command& command) {
    add("command", base::join(command.argv, " "));
    for (const auto& file : command.files) {
      add("file " + file.path, contentText(file.content));
    }
  }
  void addListener(const Listener& listener) {
    const std::string prefix = "listener " + listener.name + " ";
    for (auto& [name, value] : listenerFields(listener)) {
      add(prefix + name, std::move(value));
    }
  }
};

struct Describe {
  std::string operator()(const Netns& netns) const { return "netns " + netns.name; }
  std::string operator()(const Sysctls& sysctls) const {
    std::string out = "sysctl";
    for (const auto& [path, value] : sysctls.parameters) {
      out += " " + path + "=" + value;
    }
    return out;
  }
  std::string operator()(const Bridge& bridge) const { return "bridge " + bridge.name; }
  std::string operator()(const Vrf& vrf) const { return "vrf " + vrf.name + " table " + std::to_string(vrf.table); }
  static std::string end(const VethEnd& end) { return end.master.empty() ? "" : " master " + end.master; }
  std::string operator()(const Veth& veth) const {
    return "veth " + veth.a.name + end(veth.a) + " <-> " + veth.b.netns + "/" + veth.b.name + end(veth.b);
  }
  std::string operator()(const WgDevice& device) const {
    return "wireguard " + device.name + " socket in " + device.socketNetns + ", " +
           std::to_string(device.peers->size()) + (device.peers->size() == 1 ? " peer" : " peers") +
           (device.implementation == TunnelImplementation::kKernel ? "" : ", wireguard-go");
  }
  std::string operator()(const Address& address) const {
    return "address " + address.prefix.toString() + (address.peer ? " peer " + address.peer->toString() : "") +
           " dev " + address.link;
  }
  std::string operator()(const Rule& rule) const {
    std::string out = "rule " + std::to_string(rule.priority) + ":";
    out += rule.source ? " from " + rule.source->toString() : "";
    out += rule.incomingInterface.empty() ? "" : " iif " + rule.incomingInterface;
    out += rule.mark == 0 ? "" : " fwmark " + std::to_string(rule.mark);
    return out + " lookup " + std::to_string(rule.table);
  }
  std::string operator()(const Route& route) const {
    std::string out = "route ";
    out += route.type == RouteType::kUnicast ? "" : std::string(nameOf(route.type)) + " ";
    out += route.destination.isDefault() ? "default" : route.destination.toString();
    out += route.gateway ? " via " + route.gateway->toString() : "";
    out += route.device.empty() ? "" : " dev " + route.device;
    out += route.onlink ? " onlink" : "";
    out += route.preferredSource ? " src " + route.preferredSource->toString() : "";
    out += route.table == kMainTable ? "" : " table " + std::to_string(route.table);
    return out + (route.metric == 0 ? "" : " metric " + std::to_string(route.metric));
  }
  std::string operator()(const Neighbours& neighbours) const {
    return "neighbours dev " + neighbours.link + ", " + std::to_string(neighbours.entries.size()) + " permanent";
  }
  std::string operator()(const Qdisc& qdisc) const {
    std::string out = "qdisc dev " + qdisc.link;
    out += qdisc.rateBitsPerSecond == 0 ? "" : " rate " + rateText(qdisc.rateBitsPerSecond);
    out += qdisc.delayMicroseconds == 0 ? "" : " delay " + std::to_string(qdisc.delayMicroseconds) + "us";
    out += qdisc.jitterMicroseconds == 0 ? "" : " jitter " + std::to_string(qdisc.jitterMicroseconds) + "us";
    return out + (qdisc.lossPerMillion == 0 ? "" : " loss " + std::to_string(qdisc.lossPerMillion) + "ppm");
  }
  std::string operator()(const NftTable& table) const {
    return "nft table " + std::string(table.family == NftFamily::kIp ? "" : "netdev ") + NftTable::kName + of(table);
  }
  static std::string of(const NftTable& table) {
    return ", " + std::to_string(base::split(table.body, '\n').size()) + " lines";
  }
  std::string operator()(const Process& process) const {
    return "process " + process.name + std::visit([](const auto& spec) { return of(spec); }, process.spec);
  }
  static std::string of(const PageServer& pages) {
    return ", pages of " + std::to_string(pages.sites.size()) + (pages.sites.size() == 1 ? " server" : " servers");
  }
  static std::string of(const LoadBalancer& balancer) {
    return ", load balancer " + balancer.id + " with " + std::to_string(balancer.listeners.size()) +
           (balancer.listeners.size() == 1 ? " listener" : " listeners");
  }
  static std::string of(const Command& command) { return ": " + base::printable(base::join(command.argv, " ")); }
};

// "peer KEY allowed-ips" -> "peer KEY": what is there or not as one, so that its coming and going is told once.
std::string wholeOf(const std::string& name) {
  const auto words = base::split(name, ' ');
  if (words.size() >= 3 && (words[0] == "peer" || words[0] == "listener")) {
    return std::string(words[0]) + " " + std::string(words[1]);
  }
  return name;
}

std::set<std::string> wholesOf(const Fields& fields) {
  std::set<std::string> out;
  for (const auto& [name, value] : fields) {
    out.insert(wholeOf(name));
  }
  return out;
}

}  // namespace

Fields fieldsOf(const Object& object) {
  FieldsOf collector;
  std::visit([&collector](const auto& o) { collector(o); }, object);
  return std::move(collector.out);
}

std::vector<std::string> differingFields(const Object& desired, const Object& observed) {
  const Fields want = fieldsOf(desired);
  const Fields have = fieldsOf(observed);
  const std::map<std::string, std::string> wantByName(want.begin(), want.end());
  const std::map<std::string, std::string> haveByName(have.begin(), have.end());
  std::vector<std::string> out;
  for (const auto& [name, value] : want) {
    const auto old = haveByName.find(name);
    if (old == haveByName.end() || old->second != value) {
      out.push_back(name);
    }
  }
  for (const auto& [name, value] : have) {
    if (wantByName.count(name) == 0) {
      out.push_back(name);
    }
  }
  return out;
}

std::string describe(const Object& object) {
  return std::visit(Describe{}, object);
}

std::string describeDifference(const Object& desired, const Object& observed) {
  // What is left of one says nothing of how it was.
  if (const auto* device = std::get_if<WgDevice>(&observed); device != nullptr && device->socketNetns.empty()) {
    return "its process or its interface is gone";
  }
  const Fields want = fieldsOf(desired);
  const Fields have = fieldsOf(observed);
  const std::set<std::string> wantWholes = wholesOf(want);
  const std::set<std::string> haveWholes = wholesOf(have);
  const std::map<std::string, std::string> haveByName(have.begin(), have.end());
  const std::map<std::string, std::string> wantByName(want.begin(), want.end());
  std::vector<std::string> parts;
  std::set<std::string> told;
  const auto tellOnce = [&](const std::string& text) {
    if (told.insert(text).second) {
      parts.push_back(text);
    }
  };
  for (const auto& [name, value] : want) {
    const auto old = haveByName.find(name);
    if (old != haveByName.end()) {
      if (old->second != value) {
        parts.push_back(name + " " + old->second + " -> " + value);
      }
    } else if (haveWholes.count(wholeOf(name)) == 0) {
      tellOnce(wholeOf(name) + " added");
    } else {
      tellOnce(name + (value.empty() ? "" : " " + value) + " added");
    }
  }
  for (const auto& [name, value] : have) {
    if (wantByName.count(name) == 0) {
      tellOnce((wantWholes.count(wholeOf(name)) == 0 ? wholeOf(name) : name) + " removed");
    }
  }
  if (parts.empty() && !(desired == observed)) {
    return "order changed";
  }
  return base::join(parts, ", ");
}

}  // namespace vpclab::plan
