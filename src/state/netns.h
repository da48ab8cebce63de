#pragma once

#include <cstdint>
#include <string>

#include "state/key.h"

namespace vpclab::state {

// A network namespace, pinned at /run/netns/vpclab.<lab>.<name>. ip-netns(8).
struct Netns {
  base::SharedString name;  // the node's name within the lab
  // Where the rule that consults the local table stands; 0 is the kernel's default. Border routers without VRF devices
  // move it behind the rules of their routing domains, so that a domain's own table answers first.
  std::uint32_t localRulePriority = 0;
  bool loopbackUp = true;  // nobody desires one that is down

  bool operator==(const Netns&) const = default;
  Key key() const { return {Kind::kNetns, "", name, ""}; }
};

}  // namespace vpclab::state
