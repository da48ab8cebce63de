#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/paths.h"

namespace vpclab::keeper {

// A pidfd of the lab's keeper as its record names it, where that still is a living (or dying) process; else by its
// socket, which even one that answers nothing has. Invalid: there is none.
base::UniqueFd findKeeper(const Paths& paths);

// Waits until the keeper and all that it started are gone. It is the first process of a PID namespace: its pidfd
// reports its end only after the kernel has ended every other process in there, pid_namespaces(7). Its lock is free
// before that.
base::Result<> awaitEnd(const base::UniqueFd& keeper, base::Deadline deadline);

}  // namespace vpclab::keeper
