#include "daemon/tunnel_view.h"

#include <algorithm>
#include <map>

namespace vpclab::daemon {

namespace {

constexpr std::chrono::seconds kReadTime{3};

TunnelView viewOf(Engine& engine, const std::string& lab, const state::WgDevice& device,
                  const std::map<net::WgKey, std::string>& accessPoints, base::Deadline deadline) {
  TunnelView out{device.socketNetns,
                 device.netns,
                 device.name,
                 device.implementation == state::TunnelImplementation::kWireGuardGo,
                 "",
                 {}};
  const auto seen = engine.system().tunnelPeers(lab, device, deadline);
  if (!seen) {
    out.problem = seen.error().message();
  }
  for (const auto& [key, peer] : *device.peers) {
    TunnelPeerView view;
    if (const auto point = accessPoints.find(key); point != accessPoints.end()) {
      view.accessPoint = point->second;
    }
    view.publicKey = key.toBase64();
    if (peer.endpointAddress) {
      view.endpoint = peer.endpointAddress->toString() + ":" + std::to_string(peer.endpointPort);
    }
    for (const auto& prefix : peer.allowedIps) {
      view.allowedIps.push_back(prefix.toString());
    }
    const auto& wanted = key;
    const auto status = seen ? std::find_if(seen->begin(), seen->end(),
                                            [&](const kernel::TunnelPeer& one) { return one.publicKey == wanted; })
                             : std::vector<kernel::TunnelPeer>::const_iterator();
    if (seen && status != seen->end()) {
      view.handshakeAgeSeconds = status->handshakeAgeSeconds;
      view.receivedBytes = status->receivedBytes;
      view.sentBytes = status->sentBytes;
    }
    out.peers.push_back(std::move(view));
  }
  return out;
}

}  // namespace

std::vector<TunnelView> tunnelsOf(Engine& engine, const std::string& lab, const state::State& desired,
                                  const std::string& only) {
  const auto deadline = base::Deadline::after(kReadTime);  // for all of them
  std::map<net::WgKey, std::string> accessPoints;
  std::vector<const state::WgDevice*> devices;
  desired.each<state::WgDevice>([&](const state::Key&, const state::WgDevice& device) {
    accessPoints[device.publicKey] = device.socketNetns;
    devices.push_back(&device);
  });
  std::vector<TunnelView> out;
  for (const auto* device : devices) {
    if (only.empty() || device->socketNetns == only) {
      out.push_back(viewOf(engine, lab, *device, accessPoints, deadline));
    }
  }
  return out;
}

base::Result<std::vector<TunnelView>> tunnelsOf(Engine& engine, const std::string& lab, const std::string& only) {
  const auto stored = engine.loadStored(lab);
  if (!stored) {
    return base::fail(stored.error());
  }
  return tunnelsOf(engine, lab, stored->desired.compiled.desired, only);
}

}  // namespace vpclab::daemon
