#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/ip.h"
#include "net/mac.h"
#include "state/key.h"

namespace vpclab::state {

// rtnetlink(7): RT_TABLE_MAIN and RT_TABLE_LOCAL.
inline constexpr std::uint32_t kMainTable = 254;
inline constexpr std::uint32_t kLocalTable = 255;
// The rtm_protocol of every route and the FRA_PROTOCOL of every rule that is ours. /etc/iproute2/rt_protos leaves it
// free.
inline constexpr std::uint8_t kRouteProtocol = 0x76;  // 118

// Of the routes that the kernel adds with an address (fib_add_ifaddr): the table that has lost it; 0: none has.
struct LostRoutes {
  std::uint32_t local = 0;      // to the address itself
  std::uint32_t broadcast = 0;  // to the last one of its network
  std::uint32_t connected = 0;  // to its network

  bool any() const { return local != 0 || broadcast != 0 || connected != 0; }
  bool operator==(const LostRoutes&) const = default;
};

// An address on an interface.
struct Address {
  base::SharedString netns;
  base::SharedString link;
  net::Prefix prefix;          // the address with its network's length
  bool noPrefixRoute = false;  // the kernel adds no connected route (IFA_F_NOPREFIXROUTE)
  // Of an observed one: the other end of a point-to-point address, whose network has the length then. Nobody desires
  // it, and to the kernel it is another address.
  std::optional<net::IpAddr> peer;
  // Of an observed one: another of its network came before, with which it goes (IFA_F_SECONDARY). Nobody desires two.
  bool secondary = false;
  LostRoutes lost;  // of an observed one, likewise; a secondary one's are not looked for

  bool operator==(const Address&) const = default;
  Key key() const;
};

// One of the routes that the kernel adds with an address.
struct AddressRoute {
  enum class Type : std::uint8_t { kLocal, kBroadcast, kConnected } type = Type::kLocal;
  net::Prefix to;
  std::uint32_t table = 0;
};
// Those of the address that have a table here, in the order in which the kernel takes them: it lets no route come from
// an address that is not local.
std::vector<AddressRoute> routesOf(const Address& address, const LostRoutes& tables);
// The loopback's own address, which the kernel gives it, and its routes: those of a network of its own are local ones.
Address loopbackAddress(const base::SharedString& netns);
const std::vector<AddressRoute>& loopbackRoutes();

enum class RouteType : std::uint8_t { kUnicast, kLocal, kUnreachable, kBlackhole };

// A route of ours. Those that the kernel makes by itself are not managed; those of an address are part of it.
struct Route {
  base::SharedString netns;
  std::uint32_t table = kMainTable;
  net::Prefix destination;
  std::uint32_t metric = 0;
  RouteType type = RouteType::kUnicast;
  std::optional<net::IpAddr> gateway;
  bool onlink = false;        // the gateway is taken to be on the link, whatever the addresses say
  base::SharedString device;  // empty for unreachable and blackhole, or where the gateway decides
  std::optional<net::IpAddr> preferredSource;

  bool operator==(const Route&) const = default;
  // Table, destination and metric identify a route to the kernel.
  Key key() const;
};

// The permanent neighbours of a link (ip-neighbour(8)): who is there is known, so that nobody has to ask by ARP, and
// the kernel does not count them against the limit of its table, which is one for the whole host (gc_thresh3 in
// arp(7)). One object for all of a link's: a lab of a thousand servers has tens of thousands. Entries that the kernel
// has learnt by itself are not managed.
struct Neighbours {
  base::SharedString netns;
  base::SharedString link;
  std::vector<std::pair<net::IpAddr, net::Mac>> entries;  // sorted, no address twice

  bool operator==(const Neighbours&) const = default;
  Key key() const { return {Kind::kNeighbours, "", netns, link}; }
};

// A policy routing rule: ip-rule(8). Selectors that are not set match everything.
struct Rule {
  base::SharedString netns;
  std::uint32_t priority = 0;
  base::SharedString incomingInterface;
  std::uint32_t mark = 0;  // 0: not a selector
  std::optional<net::Prefix> source;
  std::uint32_t table = kMainTable;

  bool operator==(const Rule&) const = default;
  // Every rule of ours has a priority of its own within its namespace.
  Key key() const { return {Kind::kRule, "", netns, std::to_string(priority)}; }
};

// The queueing disciplines of a link: rate by tbf(8), delay, jitter and loss by tc-netem(8), behind which the rate is.
struct Qdisc {
  base::SharedString netns;
  base::SharedString link;
  std::uint64_t rateBitsPerSecond = 0;  // 0: unlimited
  std::uint32_t delayMicroseconds = 0;
  std::uint32_t jitterMicroseconds = 0;
  std::uint32_t lossPerMillion = 0;
  std::uint64_t netemRateBitsPerSecond = 0;  // netem's own, by a hand or an earlier release; never wanted

  bool needsNetem() const { return delayMicroseconds != 0 || jitterMicroseconds != 0 || lossPerMillion != 0; }
  bool operator==(const Qdisc&) const = default;
  Key key() const { return {Kind::kQdisc, "", netns, link}; }
};

// The family of an nftables table: nft(8), ADDRESS FAMILIES.
enum class NftFamily : std::uint8_t {
  kIp,      // address translation, marks
  kNetdev,  // chains at the ingress of single interfaces: see ingress_loss.h
};
std::string_view nameOf(NftFamily family);  // as nft(8) calls it: "ip", "netdev"

// The one nftables table of a namespace and family, "table ip vpclab". The body is what `nft -s list table ip vpclab`
// prints between the outer braces, so that text can be compared.
struct NftTable {
  static constexpr const char* kName = "vpclab";
  base::SharedString netns;
  std::string body;
  NftFamily family = NftFamily::kIp;

  bool operator==(const NftTable&) const = default;
  Key key() const;
};

}  // namespace vpclab::state
