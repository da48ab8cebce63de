#pragma once

#include <cstdint>
#include <optional>

#include "lab/lab.h"

namespace vpclab::daemon {

struct FrontPage {
  const lab::LoadBalancer* balancer;
  net::IpAddr address;
  std::uint16_t port;
};

// What a browser would be pointed at: the first load balancer that has an EIP, one that speaks HTTP before others; of
// its HTTP listeners the one on port 80, else the first. Not set: there is none.
std::optional<FrontPage> frontPageOf(const lab::Lab& lab);

}  // namespace vpclab::daemon
