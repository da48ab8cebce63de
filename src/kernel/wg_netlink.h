#pragma once

#include "kernel/session.h"
#include "kernel/wg_change.h"

namespace vpclab::kernel {

// The kernel's WireGuard device: generic netlink family "wireguard", linux/wireguard.h.

// Makes the device in the session's namespace, which keeps its UDP socket, as `device.name` of `netns`.
base::Result<> createWgLink(Session& session, const state::WgDevice& device, const base::UniqueFd& netns);
// For the interface of this name in the session's namespace.
base::Result<> writeWg(Session& session, const std::string& name, const WgChange& change);
// Keys, port and peers; the rest is the link's. `traffic`, where asked for, gets what each peer has been up to.
base::Result<state::WgDevice> readWg(const std::string& netns, const std::string& name, base::Deadline deadline,
                                     WgTraffics* traffic = nullptr);

}  // namespace vpclab::kernel
