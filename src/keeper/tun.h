#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/netns.h"

namespace vpclab::keeper {

// A tun interface in that namespace, which lives as long as the descriptor or a copy of it is open. `flags`: IFF_NO_PI
// and the like, ioctl TUNSETIFF (Documentation/networking/tuntap.rst). Non-blocking, close-on-exec.
//
// Made in its place, because to move it would hold up the whole kernel: with each move between namespaces it waits for
// a grace period of RCU while it holds the lock for everything about networks.
//
// wireguard-go takes such a descriptor (WG_TUN_FD) but looks for the interface's name in its own namespace: for its
// index, whose changes it watches, and to set its MTU. So where it runs there is a second interface of that name, which
// never carries a packet: its stand-in.
base::Result<base::UniqueFd> makeTun(const OpenNetns& netns, const std::string& name, std::uint32_t flags);

}  // namespace vpclab::keeper
