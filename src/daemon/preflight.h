#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace vpclab::daemon {

// What carrying out a plan takes of this host.
struct Needs {
  std::uint64_t namespaces = 0;   // network namespaces more
  std::uint64_t processes = 0;    // processes more
  std::uint64_t keeperFiles = 0;  // descriptors of the lab's keeper, which opens every socket of its processes
};
Needs needsOf(const plan::Plan& plan, const state::State& desired);

// What this host has left. Not set: not known here, so nothing is refused for it.
struct HostLimits {
  std::optional<std::uint64_t> namespaces;  // /proc/sys/user/max_net_namespaces, and how many there may be in all
  std::optional<std::uint64_t> mounts;      // /proc/sys/fs/mount-max less those that there are
  std::optional<std::uint64_t> processes;   // of the daemon's control group and of the kernel
  std::optional<std::uint64_t> files;       // the hard limit on open files, which the keeper inherits
};
// Those that matter for `needs`: to count the mounts takes as long as there are many.
HostLimits readHostLimits(const Needs& needs);

// What the host has too little of, each with what to do; empty: it is enough. Asked before the first change.
std::vector<std::string> shortages(const Needs& needs, const HostLimits& limits);

}  // namespace vpclab::daemon
