#pragma once

#include "daemon/options.h"

namespace vpclab::daemon {

// The daemon's life: claims its directory, serves until SIGTERM, SIGINT or its last lab's end. Returns the exit status.
// `daemonize`: goes on in the background; the caller's call returns once clients can connect, or with the error.
int serve(const Options& options, bool daemonize);

}  // namespace vpclab::daemon
