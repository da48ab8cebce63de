#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include "kernel/nft.h"
#include "kernel/observe.h"
#include "kernel/parameters.h"
#include "kernel/qdisc_requests.h"
#include "kernel/route_requests.h"
#include "kernel/threads.h"
#include "kernel/tunnels.h"
#include "kernel/wg_netlink.h"

namespace vpclab::kernel {

namespace {

constexpr int kLoopback = 1;  // its ifindex in every namespace: LOOPBACK_IFINDEX

net::Mac macOf(const LinkInfo& link) {
  net::Mac mac;
  if (link.address.size() == mac.bytes.size()) {
    std::copy(link.address.begin(), link.address.end(), mac.bytes.begin());
  }
  return mac;
}

class NodeReader {
 public:
  NodeReader(const std::string& node, NetlinkSocket& socket, base::Deadline deadline, KindTimes* times)
      : socket_(socket), deadline_(deadline), times_(times) {
    view_.node = node;
  }

  base::Result<NodeView> run() {
    using Part = base::Result<> (NodeReader::*)();
    constexpr std::array<std::pair<Part, state::Kind>, 9> kParts{
        {{&NodeReader::readLinks, state::Kind::kVeth},
         {&NodeReader::readAddresses, state::Kind::kAddress},
         {&NodeReader::readRoutesOfAddresses, state::Kind::kAddress},
         {&NodeReader::readRoutes, state::Kind::kRoute},
         {&NodeReader::readRules, state::Kind::kRule},
         {&NodeReader::readQdiscList, state::Kind::kQdisc},
         {&NodeReader::readNft, state::Kind::kNftTable},
         {&NodeReader::readSysctls, state::Kind::kSysctl},
         {&NodeReader::readWireGuard, state::Kind::kWgDevice}}};
    for (const auto& [part, kind] : kParts) {
      const KindTimes::Scope scope(times_, kind);
      if (auto read = (this->*part)(); !read) {
        return base::fail(std::move(read.error()));
      }
    }
    return std::move(view_);
  }

 private:
  base::Result<> readLinks() {
    ifinfomsg header{};
    Message message("list links of " + view_.node, RTM_GETLINK, 0, header);
    message.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    auto dumped = socket_.dump(
        message,
        [this](const nlmsghdr* answer) {
          if (answer->nlmsg_type == RTM_NEWLINK) {
            view_.links.push_back(parseLink(answer));
            view_.places[view_.links.back().index] = view_.links.size() - 1;
          }
        },
        deadline_);
    for (const LinkInfo& link : view_.links) {
      if (!isOurs(link)) {
        continue;
      }
      const bool up = (link.flags & IFF_UP) != 0;
      if (link.kind == "bridge") {
        view_.objects.emplace_back(state::Bridge{view_.node, link.name, macOf(link), link.mtu, up});
      } else if (link.kind == "vrf") {
        view_.objects.emplace_back(state::Vrf{view_.node, link.name, link.table, up});
      }
    }
    return dumped;
  }

  // What others have made in a namespace of ours is none of our business: a server may run containers. A tun gets its
  // index from the kernel and our alias from us.
  static bool isOurs(const LinkInfo& link) {
    return link.index == kLoopback || link.index >= kFirstIndexOfOurs || !socketNetnsOf(link).empty();
  }
  // Empty: not there, or not ours.
  std::string linkOfOurs(int index) const {
    const auto place = view_.places.find(index);
    return place == view_.places.end() || !isOurs(view_.links[place->second]) ? "" : view_.links[place->second].name;
  }

  // A tun without our alias is nobody's to route by: the stand-in of wireguard-go's, or one that is not complete.
  static bool isNobodysTun(const LinkInfo& link) { return link.kind == "tun" && socketNetnsOf(link).empty(); }
  bool isNobodysTun(int index) const {
    const auto place = view_.places.find(index);
    return place != view_.places.end() && isNobodysTun(view_.links[place->second]);
  }

  // Every address of a link of ours is ours, but the loopback's.
  base::Result<> readAddresses() {
    ifaddrmsg header{};
    header.ifa_family = AF_INET;
    Message message("list addresses of " + view_.node, RTM_GETADDR, 0, header);
    return socket_.dump(
        message,
        [this](const nlmsghdr* answer) {
          if (answer->nlmsg_type != RTM_NEWADDR || answer->nlmsg_len < NLMSG_LENGTH(sizeof(ifaddrmsg))) {
            return;
          }
          const auto* info = static_cast<const ifaddrmsg*>(NLMSG_DATA(answer));
          const Attributes attributes(answer, sizeof(ifaddrmsg));
          const auto address = attributes.address(IFA_LOCAL);
          const int index = static_cast<int>(info->ifa_index);
          const std::string link = linkOfOurs(index);
          const bool onOtherTun = link.empty() && isNobodysTun(index);
          const bool loopback = address && address->isV4() && (address->v4HostOrder() >> 24U) == 127;
          if (!address || (link.empty() && !onOtherTun)) {
            return;
          }
          if (loopback && link == "lo") {
            loopbackAddress_ =
                loopbackAddress_ || (address == net::IpAddr::v4(INADDR_LOOPBACK) && info->ifa_prefixlen == 8);
            expectLoopbackRoutes(net::Prefix(*address, info->ifa_prefixlen));
            return;
          }
          const std::uint32_t flags = attributes.u32(IFA_FLAGS, info->ifa_flags);
          state::Address found{view_.node, linkName(view_, index), net::Prefix(*address, info->ifa_prefixlen),
                               (flags & IFA_F_NOPREFIXROUTE) != 0};
          const auto other = attributes.address(IFA_ADDRESS);
          if (other && *other != *address) {
            found.peer = other;
          }
          found.secondary = (flags & IFA_F_SECONDARY) != 0;
          if (onOtherTun) {
            view_.onOtherTuns.push_back(std::move(found));
            return;
          }
          if (!found.secondary) {
            expectRoutes(found, index);
          }
          view_.objects.emplace_back(std::move(found));
        },
        deadline_);
  }

  // Its address is the kernel's, and none of the lab's objects.
  void expectLoopbackRoutes(const net::Prefix& address) {
    const LinkInfo& link = view_.links[view_.places.at(kLoopback)];
    if ((link.flags & IFF_UP) != 0 && address == state::loopbackAddress(view_.node).prefix) {
      for (const auto& route : state::loopbackRoutes()) {
        expected_.push_back({kLoopback, route, kOfLoopback});
      }
    }
  }
  // Those of a link that is up. A peer's address is nobody's but a hand's, and a secondary one is made anew. What the
  // kernel adds for the network of a loopback's address is a local route; no lab has one.
  void expectRoutes(const state::Address& address, int index) {
    const LinkInfo& link = view_.links[view_.places.at(index)];
    if ((link.flags & IFF_UP) == 0 || address.peer) {
      return;
    }
    const auto master = view_.places.find(link.master);
    const bool inVrf = master != view_.places.end() && view_.links[master->second].kind == "vrf";
    const std::uint32_t vrf = inVrf ? view_.links[master->second].table : 0;
    const unsigned length = address.prefix.length();
    state::LostRoutes tables;
    tables.local = inVrf ? vrf : state::kLocalTable;
    tables.broadcast = length < 31 ? tables.local : 0;
    if (index != kLoopback && length < 32 && !address.noPrefixRoute) {
      tables.connected = inVrf ? vrf : state::kMainTable;
    }
    for (const auto& route : routesOf(address, tables)) {
      expected_.push_back({index, route, view_.objects.size()});
    }
  }
  // The kernel chooses those that are its own, so that what a routing daemon has learnt does not travel.
  base::Result<> readRoutesOfAddresses() {
    if (expected_.empty()) {
      return {};
    }
    std::sort(expected_.begin(), expected_.end());
    rtmsg header{};
    header.rtm_family = AF_INET;
    header.rtm_protocol = RTPROT_KERNEL;
    Message message("list the addresses' routes of " + view_.node, RTM_GETROUTE, 0, header);
    auto dumped = socket_.dump(
        message, [this](const nlmsghdr* answer) { takeRouteOfAddress(answer); }, deadline_);
    for (const ExpectedRoute& route : expected_) {
      if (!route.seen && route.place == kOfLoopback) {
        loopbackRouted_ = false;
      } else if (!route.seen) {
        setLost(std::get<state::Address>(view_.objects[route.place]).lost, route.route);
      }
    }
    return dumped;
  }
  void takeRouteOfAddress(const nlmsghdr* answer) {
    if (answer->nlmsg_type != RTM_NEWROUTE || answer->nlmsg_len < NLMSG_LENGTH(sizeof(rtmsg))) {
      return;
    }
    const auto* info = static_cast<const rtmsg*>(NLMSG_DATA(answer));
    if (info->rtm_protocol != RTPROT_KERNEL || info->rtm_family != AF_INET) {
      return;
    }
    ExpectedRoute seen;
    switch (info->rtm_type) {
      case RTN_LOCAL:
        seen.route.type = state::AddressRoute::Type::kLocal;
        break;
      case RTN_BROADCAST:
        seen.route.type = state::AddressRoute::Type::kBroadcast;
        break;
      case RTN_UNICAST:
        seen.route.type = state::AddressRoute::Type::kConnected;
        break;
      default:
        return;
    }
    const Attributes attributes(answer, sizeof(rtmsg));
    seen.index = static_cast<int>(attributes.u32(RTA_OIF));
    seen.route.to = {attributes.address(RTA_DST).value_or(net::IpAddr()), info->rtm_dst_len};
    seen.route.table = attributes.u32(RTA_TABLE, info->rtm_table);
    const auto [begin, end] = std::equal_range(expected_.begin(), expected_.end(), seen);
    for (auto it = begin; it != end; ++it) {  // two addresses of a link may need the same one
      it->seen = true;
    }
  }
  static void setLost(state::LostRoutes& lost, const state::AddressRoute& route) {
    switch (route.type) {
      case state::AddressRoute::Type::kLocal:
        lost.local = route.table;
        break;
      case state::AddressRoute::Type::kBroadcast:
        lost.broadcast = route.table;
        break;
      case state::AddressRoute::Type::kConnected:
        lost.connected = route.table;
        break;
    }
  }

  base::Result<> readRoutes() {
    rtmsg header{};
    header.rtm_family = AF_INET;
    header.rtm_protocol = state::kRouteProtocol;  // the kernel filters; one that does not is filtered below
    Message message("list routes of " + view_.node, RTM_GETROUTE, 0, header);
    return socket_.dump(
        message, [this](const nlmsghdr* answer) { takeRoute(answer); }, deadline_);
  }
  void takeRoute(const nlmsghdr* answer) {
    if (answer->nlmsg_type != RTM_NEWROUTE || answer->nlmsg_len < NLMSG_LENGTH(sizeof(rtmsg))) {
      return;
    }
    const auto* info = static_cast<const rtmsg*>(NLMSG_DATA(answer));
    if (info->rtm_protocol != state::kRouteProtocol || info->rtm_family != AF_INET ||
        (info->rtm_flags & RTM_F_CLONED) != 0) {
      return;
    }
    const Attributes attributes(answer, sizeof(rtmsg));
    state::Route route;
    route.netns = view_.node;
    route.table = attributes.u32(RTA_TABLE, info->rtm_table);
    route.destination = net::Prefix(attributes.address(RTA_DST).value_or(net::IpAddr()), info->rtm_dst_len);
    route.metric = attributes.u32(RTA_PRIORITY);
    route.type = typeOf(info->rtm_type);
    route.gateway = attributes.address(RTA_GATEWAY);
    route.onlink = (info->rtm_flags & RTNH_F_ONLINK) != 0;
    route.device = linkName(view_, static_cast<int>(attributes.u32(RTA_OIF)));
    route.preferredSource = attributes.address(RTA_PREFSRC);
    view_.objects.emplace_back(std::move(route));
  }
  static state::RouteType typeOf(std::uint8_t type) {
    switch (type) {
      case RTN_LOCAL:
        return state::RouteType::kLocal;
      case RTN_UNREACHABLE:
        return state::RouteType::kUnreachable;
      case RTN_BLACKHOLE:
        return state::RouteType::kBlackhole;
      default:
        return state::RouteType::kUnicast;
    }
  }

  // The rule for the local table is part of the namespace: the one that is asked first. Others of ours, left by a move
  // that was interrupted, are rules like any others.
  base::Result<> readRules() {
    auto rules = kernel::readRules(socket_, view_.node, deadline_);
    if (!rules) {
      return base::fail(std::move(rules.error()));
    }
    state::Netns netns{view_.node};
    const auto loopback = view_.places.find(kLoopback);
    netns.loopbackUp = loopback != view_.places.end() && (view_.links[loopback->second].flags & IFF_UP) != 0;
    netns.loopbackAddress = loopbackAddress_;
    netns.mainRule = rules->main;
    netns.loopbackRouted = loopbackRouted_;
    netns.localRulePriority = std::numeric_limits<std::uint32_t>::max();  // none at all: wrong in any case
    for (const LocalRule& rule : rules->local) {
      netns.localRulePriority = std::min(netns.localRulePriority, rule.priority);
    }
    for (const LocalRule& rule : rules->local) {
      if (rule.priority != netns.localRulePriority && rule.protocol == state::kRouteProtocol) {
        state::Rule stray;
        stray.netns = view_.node;
        stray.priority = rule.priority;
        stray.table = state::kLocalTable;
        view_.objects.emplace_back(std::move(stray));
      }
    }
    view_.objects.emplace_back(std::move(netns));
    view_.objects.insert(view_.objects.end(), rules->ours.begin(), rules->ours.end());
    return {};
  }

  base::Result<> readQdiscList() {
    auto qdiscs = readQdiscs(socket_, view_.node, deadline_);
    if (!qdiscs) {
      return base::fail(std::move(qdiscs.error()));
    }
    for (ObservedQdisc& found : *qdiscs) {
      found.qdisc.netns = view_.node;
      found.qdisc.link = linkOfOurs(found.linkIndex);
      if (!found.qdisc.link.empty()) {
        view_.objects.emplace_back(std::move(found.qdisc));
      }
    }
    return {};
  }

  base::Result<> readNft() {
    auto tables = readNftTables(view_.node, deadline_);
    if (!tables) {
      return base::fail(std::move(tables.error()));
    }
    view_.objects.insert(view_.objects.end(), std::make_move_iterator(tables->begin()),
                         std::make_move_iterator(tables->end()));
    return {};
  }

  base::Result<> readSysctls() {
    auto own = readParameters();
    if (!own) {
      return base::fail(std::move(own.error()).context("in " + view_.node));
    }
    view_.objects.emplace_back(state::Sysctls{view_.node, {}, std::move(*own)});
    std::set<int> bridges;
    for (const LinkInfo& link : view_.links) {
      if (link.kind == "bridge") {
        bridges.insert(link.index);
      }
    }
    for (const LinkInfo& link : view_.links) {
      // A bridge's port has no IP of its own.
      if (!isNobodysTun(link) && !bridges.contains(link.master) && link.index != kLoopback &&
          !link.parameters.empty()) {
        view_.objects.emplace_back(parametersOf(link));
      }
    }
    return {};
  }
  state::Sysctls parametersOf(const LinkInfo& link) const {
    std::vector<state::Parameter> out;
    for (std::size_t i = 0; i < link.parameters.size(); ++i) {
      out.push_back({"net/ipv4/conf/" + link.name + "/" + std::string(kLinkParameters.at(i).name),
                     parameterText(std::to_string(link.parameters[i]))});
    }
    return {view_.node, link.name, state::Parameters(std::move(out))};
  }

  base::Result<> readWireGuard() {
    for (const LinkInfo& link : view_.links) {
      if (link.kind != "wireguard" || !isOurs(link)) {
        continue;
      }
      auto device = readWg(view_.node, link.name, deadline_);
      if (!device && device.error().kind() == base::ErrorKind::kNotFound) {
        continue;  // taken away just now
      }
      if (!device) {
        return base::fail(std::move(device.error()));
      }
      device->implementation = state::TunnelImplementation::kKernel;
      completeWg(*device, view_, link);
      view_.objects.emplace_back(std::move(*device));
    }
    return {};
  }

  NetlinkSocket& socket_;
  base::Deadline deadline_;
  KindTimes* times_;
  NodeView view_;
  // A route that an address should have.
  struct ExpectedRoute {
    int index = 0;
    state::AddressRoute route;
    std::size_t place = 0;  // the address', in `view_.objects`, or kOfLoopback
    bool seen = false;

    auto what() const { return std::tie(index, route.type, route.to, route.table); }
    bool operator<(const ExpectedRoute& other) const { return what() < other.what(); }
  };
  static constexpr auto kOfLoopback = static_cast<std::size_t>(-1);
  std::vector<ExpectedRoute> expected_;
  bool loopbackAddress_ = false;
  bool loopbackRouted_ = true;
};

}  // namespace

std::string linkName(const NodeView& view, int index) {
  const auto it = view.places.find(index);
  return it == view.places.end() ? "" : view.links[it->second].name;
}

void completeWg(state::WgDevice& device, const NodeView& view, const LinkInfo& link) {
  device.netns = view.node;
  device.name = link.name;
  device.socketNetns = socketNetnsOf(link);
  device.mtu = link.mtu;
  device.up = (link.flags & IFF_UP) != 0;
  device.master = linkName(view, link.master);
}

state::VethEnd vethEnd(const NodeView& view, const LinkInfo& link) {
  return {view.node, link.name, macOf(link), link.mtu, (link.flags & IFF_UP) != 0, linkName(view, link.master)};
}

base::Result<NodeView> readNode(const std::string& node, NetlinkSocket& socket, base::Deadline deadline,
                                KindTimes* times) {
  return NodeReader(node, socket, deadline, times).run();
}

}  // namespace vpclab::kernel
