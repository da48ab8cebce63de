#include "state/process.h"

namespace vpclab::state {

std::vector<ListenAddress> listenAddresses(const Process& process) {
  std::vector<ListenAddress> out;
  if (const auto* pages = std::get_if<PageServer>(&process.spec)) {
    for (const auto& site : pages->sites) {
      out.push_back(site.listen);
    }
  } else if (const auto* balancer = std::get_if<LoadBalancer>(&process.spec)) {
    for (const auto& listener : balancer->listeners) {
      out.push_back(listener.listen);
    }
  }
  return out;
}

}  // namespace vpclab::state
