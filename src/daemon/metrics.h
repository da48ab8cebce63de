#pragma once

#include "daemon/engine.h"
#include "daemon/exposition.h"

namespace vpclab::daemon {

// All that there is to count: the daemon itself, its work, its labs with their objects, processes and load balancers.
Exposition metricsOf(Engine& engine);

}  // namespace vpclab::daemon
