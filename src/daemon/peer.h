#pragma once

#include "base/result.h"
#include "daemon/session.h"

namespace vpclab::daemon {

// The process at the other end of a Unix socket, where it may use this daemon: root, or a member of the group vpclab.
// Its uid is the effective one that it had when it connected. Errors: kPermission says who was refused and what would
// help.
base::Result<Peer> admitPeer(int socket);
base::Result<uid_t> uidOf(int socket);

}  // namespace vpclab::daemon
