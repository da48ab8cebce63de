#pragma once

namespace vpclab::worker {

// The loop of `vpclab-worker serve`: serves what the keeper configures over `controlFd` until the keeper is gone.
// Returns the exit status. Expects to be stripped of every privilege but the system calls, which it restricts itself.
int serve(int controlFd);

}  // namespace vpclab::worker
