#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "check/runner.h"
#include "keeper/client.h"

namespace vpclab::daemon {

// The backends of each listener as the load balancer's worker sees them now, in the file's order.
using BalancerStatus = std::map<std::string, std::vector<check::BackendStatus>>;

// Errors: those of the keeper; kProtocol for an answer of another form.
base::Result<BalancerStatus> balancerStatus(keeper::Client& client, const std::string& loadBalancer);

}  // namespace vpclab::daemon
