#include "kernel/tunnel_peers.h"

#include <algorithm>
#include <chrono>

#include "kernel/namespaces.h"
#include "kernel/threads.h"
#include "kernel/wg_netlink.h"
#include "kernel/wg_uapi.h"

namespace vpclab::kernel {

namespace {

base::Result<> readProcess(Environment& environment, const std::string& lab, const state::WgDevice& device,
                           base::Deadline deadline, WgTraffics& out) {
  auto keeper = environment.keepers.find(lab, deadline);
  if (!keeper) {
    return base::fail(std::move(keeper.error()));
  }
  auto uapi = keeper->openTunnel(device.netns, device.name, deadline);
  if (!uapi) {
    return base::fail(std::move(uapi.error()));
  }
  auto read = readUapi(*uapi, deadline, &out);
  return read ? base::Result<>() : base::fail(std::move(read.error()));
}

base::Result<> readDevice(Environment& environment, const std::string& lab, const state::WgDevice& device,
                          base::Deadline deadline, WgTraffics& out) {
  base::Result<> result;
  auto ran = onThreads(1, [&](std::size_t) {
    auto socket = enterOwned(environment, environment.pins.path(lab, device.netns), deadline);
    if (!socket) {
      result = base::fail(std::move(socket.error()));
    } else if (auto read = readWg(device.netns, device.name, deadline, &out); !read) {
      result = base::fail(std::move(read.error()));
    }
  });
  return ran ? result : ran;
}

}  // namespace

base::Result<std::vector<TunnelPeer>> tunnelPeers(Environment& environment, const std::string& lab,
                                                  const state::WgDevice& device, base::Deadline deadline) {
  WgTraffics traffics;
  const bool process = device.implementation == state::TunnelImplementation::kWireGuardGo;
  if (auto read = process ? readProcess(environment, lab, device, deadline, traffics)
                          : readDevice(environment, lab, device, deadline, traffics);
      !read) {
    return base::fail(std::move(read.error()).context("read tunnel " + device.name + " of " + device.netns));
  }
  // Handshakes are told by the wall clock, so that their age is right only as long as nobody sets it.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::vector<TunnelPeer> out;
  for (const auto& [key, traffic] : traffics) {
    TunnelPeer peer{key, std::nullopt, traffic.receivedBytes, traffic.sentBytes};
    if (traffic.handshakeSeconds != 0) {
      const auto at =
          std::chrono::seconds(traffic.handshakeSeconds) + std::chrono::nanoseconds(traffic.handshakeNanoseconds);
      peer.handshakeAgeSeconds = std::max(0.0, std::chrono::duration<double>(now - at).count());
    }
    out.push_back(peer);
  }
  return out;
}

}  // namespace vpclab::kernel
