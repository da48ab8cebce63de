#pragma once

#include <cstdint>
#include <string>

#include "state/key.h"

namespace vpclab::state {

inline constexpr std::uint32_t kMainRulePriority = 32'766;

// A network namespace, pinned at /run/netns/vpclab.<lab>.<name>. ip-netns(8).
struct Netns {
  base::SharedString name;  // the node's name within the lab
  // Where the rule that consults the local table stands; 0 is the kernel's default. Border routers without VRF devices
  // move it behind the rules of their routing domains, so that a domain's own table answers first.
  std::uint32_t localRulePriority = 0;
  // What the kernel gives each namespace; nobody desires one without.
  bool loopbackUp = true;
  bool loopbackRouted = true;   // with the routes of its own address: see loopbackRoutes()
  bool loopbackAddress = true;  // 127.0.0.1/8
  bool mainRule = true;         // the rule that consults the main table, at kMainRulePriority

  bool operator==(const Netns&) const = default;
  Key key() const { return {Kind::kNetns, "", name, ""}; }
};

}  // namespace vpclab::state
