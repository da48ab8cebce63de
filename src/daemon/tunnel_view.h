#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/engine.h"

namespace vpclab::daemon {

// A tunnel of a lab with what it knows of its peers: access points by their ids.
struct TunnelPeerView {
  std::string accessPoint;  // empty: a peer that nobody of the lab is
  std::string publicKey;
  std::string endpoint;
  std::vector<std::string> allowedIps;
  std::optional<double> handshakeAgeSeconds;
  std::uint64_t receivedBytes = 0;
  std::uint64_t sentBytes = 0;
};

struct TunnelView {
  std::string accessPoint;
  std::string node;       // the border router
  std::string interface;  // its name there
  bool process = false;   // wireguard-go
  std::string problem;    // why the peers could not be read
  std::vector<TunnelPeerView> peers;
};

// All of the lab's tunnels, or that of the access point `only`. Takes a few seconds at most, however many there are:
// what was not read by then has a problem. Errors: those of loading the stored lab.
base::Result<std::vector<TunnelView>> tunnelsOf(Engine& engine, const std::string& lab, const std::string& only = "");
std::vector<TunnelView> tunnelsOf(Engine& engine, const std::string& lab, const state::State& desired,
                                  const std::string& only = "");

}  // namespace vpclab::daemon
