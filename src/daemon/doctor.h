#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/event.h"
#include "kernel/system.h"

namespace vpclab::daemon {

// What this machine can do, and what is in the way. `daemon`: of the running one, or null.
api::Final diagnose(const std::vector<kernel::Feature>& features, const base::Error* probeError,
                    const nlohmann::json& daemon, std::vector<std::string>& lines);

// `vpclabd doctor`: the same without a daemon; events on standard output, as the daemon would send them.
int runDoctorAlone();

}  // namespace vpclab::daemon
