#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "daemon/exposition.h"

namespace vpclab::daemon {

// A load balancer as its worker describes it.
struct BalancerStatus {
  std::string lab;
  std::string id;
  nlohmann::json status;  // worker/status_json.h; may be anything
};

// Its listeners' and backends' counters and states.
void addBalancers(Exposition& into, const std::vector<BalancerStatus>& balancers);

}  // namespace vpclab::daemon
