#pragma once

#include <optional>

#include <sys/types.h>

#include "base/result.h"
#include "daemon/session.h"

namespace vpclab::daemon {

// The process at the other end of a Unix socket, where it may use this daemon: root, or a member of the group vpclab.
// Its uid is the effective one that it had when it connected. Errors: kPermission says who was refused and what would
// help.
base::Result<Peer> admitPeer(int socket);
base::Result<uid_t> uidOf(int socket);

// Of this host; not set where it has none.
std::optional<gid_t> vpclabGroup();

}  // namespace vpclab::daemon
