#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace vpclab::entry {

// The path in the hierarchy of version 2, cgroups(7), from the text of /proc/PID/cgroup. Nothing where there is none,
// or where it is not below this process' own root.
std::optional<std::string> cgroupPath(std::string_view text);

// The file by which a process goes there: cgroup.procs, in which "0" stands for who writes it. Best effort: invalid
// where there is no such hierarchy, or it may not be written to.
base::UniqueFd openCgroup(std::string_view text);

}  // namespace vpclab::entry
