#pragma once

#include "base/clock.h"
#include "base/result.h"

namespace vpclab::kernel {

// Aborts every TCP connection of the calling thread's network namespace, sock_diag(7). For a namespace that is about to
// go: a connection that nobody owns any more would keep it alive for as long as it repeats its FIN to a peer that has
// gone without a word. Listening sockets stay. Errors: kUnsupported where the kernel lacks CONFIG_INET_DIAG_DESTROY.
base::Result<> abortConnections(base::Deadline deadline);

}  // namespace vpclab::kernel
