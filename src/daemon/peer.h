#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace vpclab::daemon {

// The process at the other end of a Unix socket, where it may use this daemon: root, or a member of the group vpclab.
// Returns its pid. Errors: kPermission says who was refused and what would help.
base::Result<pid_t> admitPeer(int socket);

}  // namespace vpclab::daemon
