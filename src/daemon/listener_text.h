#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace vpclab::daemon {

// The load balancers of an inspected lab, for people: their listeners, backends and what changed lately.
void addLoadBalancers(const nlohmann::json& lab, std::string& out);

}  // namespace vpclab::daemon
