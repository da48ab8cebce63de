#include "daemon/front_page.h"

namespace vpclab::daemon {

namespace {

constexpr std::uint16_t kHttpPort = 80;

int meritOf(const lab::Listener& listener) {
  const bool http = listener.protocol == lab::Protocol::kHttp;
  return 1 + (http ? 1 : 0) + (http && listener.port == kHttpPort ? 1 : 0);
}

}  // namespace

std::optional<FrontPage> frontPageOf(const lab::Lab& lab) {
  std::optional<FrontPage> best;
  int merit = 0;
  for (const auto& [id, balancer] : lab.loadBalancers) {
    if (balancer.eips.empty()) {
      continue;
    }
    for (const auto& listener : balancer.listeners) {
      const bool other = best && best->balancer != &balancer;
      if (meritOf(listener) > merit && !(other && merit > 1)) {
        merit = meritOf(listener);
        best = {&balancer, lab.eips.at(balancer.eips.front()).address, listener.port};
      }
    }
  }
  return best;
}

}  // namespace vpclab::daemon
