#include <algorithm>
#include <set>

#include "compile/nouns.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

constexpr const char* kWanBridge = "wan";
constexpr unsigned kWanLength = 24;
constexpr std::uint16_t kWireGuardPort = 51'820;

// Seconds. A side that lost its session (its process died, its device was made again) says so with its first keepalive;
// without, the other side would go on sending into the void for 15 s. wireguard-go dies more easily than a device.
// That one is not REKEY_TIMEOUT, 5 s, either: two ends that once began a handshake at the same moment would do so again
// each time.
constexpr std::uint16_t kKeepaliveProcess = 4;
constexpr std::uint16_t kKeepaliveDevice = 25;

struct Member {
  const lab::AccessPoint* point;
  const lab::BorderRouter* router;
  const lab::Domain* domain;
  net::IpAddr wanAddress;
  net::WgKey privateKey;
  net::WgKey publicKey;
  std::vector<net::Prefix> ranges;  // what it announces
};

std::string wanOf(const lab::Sdwan& sdwan) {
  return "wan." + sdwan.id;
}

Origin originOf(const lab::AccessPoint& point) {
  return {"access point " + point.id, point.pos};
}

std::optional<Member> memberOf(Builder& builder, const lab::AccessPoint& point) {
  const auto& allocations = builder.allocations();
  const auto router = builder.lab().borderRouters.find(point.borderRouter);
  const auto address = allocations.wanAddresses.find(point.id);
  const auto key = allocations.privateKeys.find(point.id);
  const lab::Domain* domain =
      router == builder.lab().borderRouters.end() ? nullptr : domainOf(router->second, point.domain);
  if (domain == nullptr || address == allocations.wanAddresses.end() || key == allocations.privateKeys.end()) {
    builder.error(point.pos, domain == nullptr
                                 ? "border router " + point.borderRouter + " has no domain " + point.domain
                                 : "access point " + point.id + " has no key or no WAN address");
    return std::nullopt;
  }
  return Member{&point,
                &router->second,
                domain,
                address->second,
                key->second,
                net::publicKeyOf(key->second),
                rangesOf(builder.lab(), *domain)};
}

// The point of presence: it keeps the tunnel's UDP socket, and its cable to the WAN is the line that the access point's
// bandwidth and impairments are about.
void compilePointOfPresence(Builder& builder, const lab::Sdwan& sdwan, const Member& member) {
  const lab::AccessPoint& point = *member.point;
  builder.node({point.id, point.title, "access-point", point.region, {}}, Role::kHost, originOf(point));
  Leg leg{point.id, "eth0"};
  leg.address = net::Prefix(member.wanAddress, kWanLength);
  leg.attachedTo = sdwan.id;
  Leg port{wanOf(sdwan), point.id + ".wan", kWanBridge};
  port.attachedTo = point.id;
  port.ported = true;
  builder.cable(leg, port, originOf(point), point.line);
}

// What `member` reaches through `peer`: what the peer announces, less what the member has itself and what an earlier
// peer announces too. WireGuard gives a range to one peer only.
std::vector<net::Prefix> reachedThrough(const Member& member, const Member& peer, std::set<net::Prefix>& taken) {
  std::vector<net::Prefix> out;
  for (const auto& range : peer.ranges) {
    const bool own = std::find(member.ranges.begin(), member.ranges.end(), range) != member.ranges.end();
    if (!own && taken.insert(range).second) {
      out.push_back(range);
    }
  }
  return out;
}

void compileTunnel(Builder& builder, const Member& member, const std::vector<Member>& members) {
  const lab::AccessPoint& point = *member.point;
  const Origin origin = originOf(point);
  const auto place = placeOf(builder, *member.router, *member.domain);
  if (!place) {
    return;
  }
  const TunnelImplementation implementation = builder.capabilities().tunnelImplementation();
  WgDevice device{member.router->id, builder.takeName(member.router->id, point.id, origin), point.id, implementation};
  // The point of presence has an interface of that name too, where wireguard-go is the implementation.
  builder.takeName(point.id, device.name, origin);
  device.master = place->vrf;
  device.listenPort = kWireGuardPort;
  device.privateKey = member.privateKey;
  device.publicKey = member.publicKey;
  std::set<net::Prefix> taken;
  for (const auto& peer : members) {
    if (peer.point == member.point) {
      continue;
    }
    WgPeer entry{peer.wanAddress, kWireGuardPort, reachedThrough(member, peer, taken),
                 implementation == TunnelImplementation::kKernel ? kKeepaliveDevice : kKeepaliveProcess};
    for (const auto& range : entry.allowedIps) {
      Route route{device.netns, place->table, range};
      route.device = device.name;
      // So that what the router itself says (TTL exceeded) comes from an address that the peer lets in.
      route.preferredSource = place->source;
      builder.add(route, {"SD-WAN route to " + range.toString() + " by access point " + point.id, point.pos});
    }
    device.peers->emplace(peer.publicKey, std::move(entry));
  }
  Leg leg{device.netns, point.id};
  leg.attachedTo = point.id;
  builder.interface(leg, device.name, origin);
  builder.add(std::move(device), origin);
}

}  // namespace

// 企业云网: a bridge on which the points of presence are, and between them a full mesh of WireGuard. The WAN's
// addresses are of the shared space of RFC 6598, which no lab uses inside.
void compileSdwan(Builder& builder, const lab::Sdwan& sdwan) {
  const Origin origin{"sdwan " + sdwan.id, sdwan.pos};
  const std::string wan = wanOf(sdwan);
  builder.node({wan, sdwan.title, "wan", "", {}}, Role::kHost, origin);
  builder.takeName(wan, kWanBridge, origin);
  builder.add(Bridge{wan, kWanBridge, builder.macOf(wan, kWanBridge)}, origin);
  std::vector<Member> members;
  for (const auto& point : sdwan.accessPoints) {
    if (auto member = memberOf(builder, point)) {
      members.push_back(std::move(*member));
    }
  }
  std::sort(members.begin(), members.end(), [](const Member& x, const Member& y) { return x.point->id < y.point->id; });
  for (const auto& member : members) {
    compilePointOfPresence(builder, sdwan, member);
    if (builder.capabilities().tunnels()) {
      compileTunnel(builder, member, members);
    } else {
      builder.error(member.point->pos,
                    "access point " + member.point->id + " needs WireGuard, which this machine has not",
                    "load the kernel module wireguard, or install wireguard-go");
    }
  }
}

}  // namespace vpclab::compile
