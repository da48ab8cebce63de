#pragma once

#include <string>
#include <vector>

#include "state/link.h"

namespace vpclab::state {

// What this kernel and machine can do, found by trying (kernel/probe.h), never by version numbers.
struct Capabilities {
  bool wireGuardDevice = false;  // rtnetlink takes links of kind "wireguard"
  bool wireGuardGo = false;      // wireguard-go(8) is installed and /dev/net/tun opens
  bool vrfDevice = false;
  bool netem = false;
  bool tbf = false;
  bool nftables = false;
  bool ingressLoss = false;  // nft takes a chain at an interface's ingress that drops at random

  bool operator==(const Capabilities&) const = default;

  // What makes packets get lost, where a lab asks for it.
  bool loss() const { return netem || ingressLoss; }
  bool tunnels() const { return wireGuardDevice || wireGuardGo; }
  TunnelImplementation tunnelImplementation() const {
    return wireGuardDevice ? TunnelImplementation::kKernel : TunnelImplementation::kWireGuardGo;
  }
};

}  // namespace vpclab::state
