#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::keeper {

// From here on no mount of this process reaches the host, and none of the host's reaches it.
base::Result<> makeMountsPrivate();

// Where programs put their sockets: /run. (/var/run is a link to it on most systems, and a directory on some.)
std::string runDirectory();

// A tmpfs on an existing directory, with its owner and mode. `keepDirectories`: has empty directories of the same
// names, owners and modes as the directory that it covers, two levels deep, where daemons expect them.
base::Result<> coverDirectory(const std::string& path, bool keepDirectories);

// The view of a PID and network namespace of its own: a new /proc, of which only /proc/sys/net can be written, and a
// new /sys, read-only.
base::Result<> mountKernelViews();

// A tmpfs that is mounted nowhere yet.
base::Result<base::UniqueFd> makeTmpfs();

}  // namespace vpclab::keeper
