#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace vpclab::worker {

// Gives up everything that a worker does not need, for good: root directory (an empty one), user and groups, every
// capability (bounding and ambient sets too), new privileges by execve, being traced, core dumps. Dies with `parent`,
// the process that started us. Raises the limit of open files first. Call it before the first byte is read from
// anybody. Called by a user who is not root, it changes no user, and `uid` has to be that user's.
base::Result<> dropPrivileges(uid_t uid, pid_t parent);

}  // namespace vpclab::worker
