#pragma once

#include "lab/context.h"
#include "lab/tree.h"

namespace vpclab::lab {

// Reads one listener of a load balancer with its backends.
Listener parseListener(Context& context, const Entry& entry);

}  // namespace vpclab::lab
