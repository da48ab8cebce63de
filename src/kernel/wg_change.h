#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "state/link.h"

namespace vpclab::kernel {

// What must be written to a WireGuard device: peer by peer, so that the sessions of the others go on.
struct WgChange {
  std::optional<net::WgKey> privateKey;
  std::optional<std::uint16_t> listenPort;
  std::vector<net::WgKey> removed;
  std::vector<std::pair<net::WgKey, state::WgPeer>> written;

  bool empty() const { return !privateKey && !listenPort && removed.empty() && written.empty(); }
};

// What a peer has been up to. Of the wall clock, as WireGuard tells it: when it last shook hands; 0: never.
struct WgTraffic {
  std::int64_t handshakeSeconds = 0;
  std::int64_t handshakeNanoseconds = 0;
  std::uint64_t receivedBytes = 0;
  std::uint64_t sentBytes = 0;
};
using WgTraffics = std::map<net::WgKey, WgTraffic>;  // by the peer's public key

// `before` is nullptr for a new device.
WgChange wgChange(const state::WgDevice* before, const state::WgDevice& after);

}  // namespace vpclab::kernel
