#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kernel/execute.h"
#include "kernel/system.h"

namespace vpclab::kernel {

// System::tunnelPeers(). Sorted by key.
base::Result<std::vector<TunnelPeer>> tunnelPeers(Environment& environment, const std::string& lab,
                                                  const state::WgDevice& device, base::Deadline deadline);

}  // namespace vpclab::kernel
