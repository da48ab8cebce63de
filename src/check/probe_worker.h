#pragma once

namespace vpclab::check {

// The loop of `vpclab-worker probe`: takes jobs with their sockets as frames on `controlFd`, answers each, returns the
// exit status when the peer closes. Expects to have been stripped of every privilege already.
int runProbeWorker(int controlFd);

}  // namespace vpclab::check
