#pragma once

#include <cstdint>

#include "base/result.h"

namespace vpclab::daemon {

// What this process takes of the machine, as proc(5) says.
struct ProcessUsage {
  double cpuSeconds = 0;
  std::uint64_t residentBytes = 0;
  std::uint64_t virtualBytes = 0;
  std::uint64_t threads = 0;
  double startUnixSeconds = 0;
  std::uint64_t openFds = 0;
  std::uint64_t maxFds = 0;
};

base::Result<ProcessUsage> ownUsage();

}  // namespace vpclab::daemon
