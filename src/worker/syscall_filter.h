#pragma once

#include "base/result.h"

namespace vpclab::worker {

// Lets this process make only the system calls that sockets, epoll, memory and time need: seccomp(2). What could start
// a program, trace a process or open a file kills it; anything else fails with EPERM. Built with a sanitizer, whose run
// time needs more, only the deadly ones are left.
base::Result<> restrictSystemCalls();

}  // namespace vpclab::worker
