#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"

namespace vpclab::kernel {

// A namespace as the file system names it: device and inode of nsfs.
using NetnsId = std::pair<dev_t, ino_t>;

// Those of the namespaces in which a process lives, which keeps them and all that is in them.
std::set<NetnsId> heldAmong(const std::set<NetnsId>& namespaces);

// Ends the processes that live in these namespaces, whoever started them (SIGTERM, then SIGKILL, by pidfd), and waits
// for their end. Never this process itself. Best effort: returns every failure.
std::vector<base::Error> endProcessesIn(const std::set<NetnsId>& namespaces, base::Deadline deadline);

}  // namespace vpclab::kernel
