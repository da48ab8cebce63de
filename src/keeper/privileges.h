#pragma once

#include <span>

#include "base/result.h"

namespace vpclab::keeper {

// What a lab's command may do as root: run a server and look after its own network, not change the host: no modules,
// mounts, clock, reboot, devices or tracing. capabilities(7).
std::span<const int> commandCapabilities();
// wireguard-go: make a tun device and configure it.
std::span<const int> tunnelCapabilities();

// Gives up every capability but these, for good: they leave the bounding set too.
base::Result<> keepOnly(std::span<const int> capabilities);

}  // namespace vpclab::keeper
