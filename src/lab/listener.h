#pragma once

#include "lab/context.h"
#include "lab/tree.h"

namespace vpclab::lab {

// Reads one listener of a load balancer with its backends. `balancer`: the load balancer's id.
Listener parseListener(Context& context, const std::string& balancer, const Entry& entry);

}  // namespace vpclab::lab
