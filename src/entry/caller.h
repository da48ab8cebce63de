#pragma once

#include <array>
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

// The resource limits that the caller has, for the command has no more. Errors: kNotFound where the caller has gone;
// kPermission where another user's process has its number.
base::Result<Limits> limitsOf(const Caller& caller);

// Text of /proc/PID/limits, proc_pid_limits(5). (prlimit(2) would need CAP_SYS_RESOURCE, which a container may not
// have.)
base::Result<Limits> parseLimits(std::string_view text);

// Makes this process the caller's, for good: limits, groups, user; no capability, and no way to a new one. Cannot be
// traced until it execs.
base::Result<> becomeCaller(const Caller& caller, const Limits& limits);

}  // namespace vpclab::entry
