#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kernel/kind_times.h"
#include "kernel/neighbour_hints.h"
#include "kernel/pins.h"
#include "kernel/proc_sys.h"
#include "kernel/processes.h"
#include "kernel/system.h"
#include "kernel/wireguard_go.h"
#include "plan/plan.h"

namespace vpclab::kernel {

// What the parts of the port share.
struct Environment {
  explicit Environment(const Options& given) : options(given), pins(given.runDir, given.netnsDir), keepers(given) {}

  Options options;
  Pins pins;
  ProcSys procSys;
  Keepers keepers;
  WireGuardGo wireGuardGo;
  NeighbourHints neighbourHints;
};

// KernelPort::execute(). `times`: may be nullptr.
std::vector<base::Result<>> execute(Environment& environment, const std::string& lab, std::span<const plan::Step> steps,
                                    base::Deadline deadline, KindTimes* times);

}  // namespace vpclab::kernel
