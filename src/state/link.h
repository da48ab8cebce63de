#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/boxed.h"
#include "net/ip.h"
#include "net/mac.h"
#include "net/wg_key.h"
#include "state/key.h"

namespace vpclab::state {

inline constexpr std::uint32_t kDefaultMtu = 1500;
inline constexpr std::uint32_t kWireGuardMtu = 1420;  // 1500 less 80 for WireGuard over IPv6, as wg-quick(8) does

// An Ethernet bridge; STP and IGMP snooping off.
struct Bridge {
  base::SharedString netns;
  base::SharedString name;
  net::Mac mac;
  std::uint32_t mtu = kDefaultMtu;
  bool up = true;

  bool operator==(const Bridge&) const = default;
  Key key() const { return {Kind::kBridge, "", netns, name}; }
};

// A VRF device: one routing domain of a border router. Kernel documentation, networking/vrf.
struct Vrf {
  base::SharedString netns;
  base::SharedString name;
  std::uint32_t table = 0;
  bool up = true;

  bool operator==(const Vrf&) const = default;
  Key key() const { return {Kind::kVrf, "", netns, name}; }
};

// One end of a veth pair.
struct VethEnd {
  base::SharedString netns;
  base::SharedString name;
  net::Mac mac;
  std::uint32_t mtu = kDefaultMtu;
  bool up = true;
  base::SharedString master;  // bridge or VRF in the same namespace; empty: none

  bool operator==(const VethEnd&) const = default;
};

// A veth pair. Its ends are kept ordered by (netns, name), so that both describe the same pair: see makeVeth.
struct Veth {
  VethEnd a;
  VethEnd b;

  bool operator==(const Veth&) const = default;
  Key key() const { return {Kind::kVeth, "", a.netns, a.name}; }
};
Veth makeVeth(VethEnd one, VethEnd other);

struct WgPeer {
  std::optional<net::IpAddr> endpointAddress;
  std::uint16_t endpointPort = 0;
  std::vector<net::Prefix> allowedIps;  // sorted
  std::uint16_t keepaliveSeconds = 0;   // 0: off

  bool operator==(const WgPeer&) const = default;
};

// How a tunnel is made on this kernel.
enum class TunnelImplementation : std::uint8_t { kKernel, kWireGuardGo };

// A WireGuard interface. It lives in `netns`; its UDP socket stays in `socketNetns`, where it was created.
struct WgDevice {
  base::SharedString netns;
  base::SharedString name;
  base::SharedString socketNetns;
  TunnelImplementation implementation = TunnelImplementation::kKernel;
  std::uint32_t mtu = kWireGuardMtu;
  bool up = true;
  base::SharedString master;  // VRF; empty: none
  std::uint16_t listenPort = 0;
  base::Boxed<net::WgKey>
      privateKey;  // never printed, never in JSON; all zero in an observed state that could not read it
  base::Boxed<net::WgKey> publicKey;
  base::Boxed<std::map<net::WgKey, WgPeer>> peers;  // by public key

  // The private key is compared by its public key.
  bool operator==(const WgDevice& other) const;
  Key key() const { return {Kind::kWgDevice, "", netns, name}; }
};

}  // namespace vpclab::state
