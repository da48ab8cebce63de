#pragma once

#include <cstdint>
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

// `before` is nullptr for a new device.
WgChange wgChange(const state::WgDevice* before, const state::WgDevice& after);

}  // namespace vpclab::kernel
