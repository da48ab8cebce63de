#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "base/result.h"

namespace vpclab::entry {

// Whom a command runs as: all of it as the kernel knows it of the caller, none of it as the caller says.
struct Caller {
  pid_t pid = 0;
  uid_t uid = 0;  // never 0
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary
};

using Limits = std::array<rlimit, RLIM_NLIMITS>;

// What holds for the caller's process, and so for the command.
struct Bounds {
  Limits limits{};
  std::string cgroup;  // text of /proc/PID/cgroup, cgroups(7)
};

// Errors: kNotFound where the caller has gone; kPermission where another user's process has its number.
base::Result<Bounds> boundsOf(const Caller& caller);

// Text of /proc/PID/limits, proc_pid_limits(5). (prlimit(2) would need CAP_SYS_RESOURCE, which a container may not
// have.)
base::Result<Limits> parseLimits(std::string_view text);

// Makes this process the caller's, for good: limits, groups, user; no capability, and no way to a new one. Cannot be
// traced until it execs.
base::Result<> becomeCaller(const Caller& caller, const Limits& limits);

}  // namespace vpclab::entry
