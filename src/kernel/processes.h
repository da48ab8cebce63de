#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "keeper/client.h"
#include "kernel/execute.h"
#include "plan/plan.h"

namespace vpclab::kernel {

// The lab's keeper, started if need be.
base::Result<keeper::Client> connectKeeper(const Options& options, const std::string& lab, base::Deadline deadline);

// A step about a process, through the lab's keeper.
base::Result<> executeProcess(const Options& options, const std::string& lab, const plan::Step& step,
                              base::Deadline deadline);

// What the keeper keeps; empty where none runs.
base::Result<keeper::Listing> listProcesses(const Options& options, const std::string& lab, base::Deadline deadline);

}  // namespace vpclab::kernel
