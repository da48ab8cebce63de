#pragma once

#include "base/diagnostic.h"
#include "compile/compile.h"

namespace vpclab::compile {

// Tells of each check, and of each backend of a load balancer, that names a node and would ask another one, which has
// the same address for who asks. A ping that expects the node to be unreachable is none: it looks at what arrives
// there.
base::Diagnostics judgeNames(const lab::Lab& lab, const Allocations& allocations);

}  // namespace vpclab::compile
