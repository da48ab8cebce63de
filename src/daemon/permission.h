#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "lab/lab.h"

namespace vpclab::daemon {

// Whether a caller may apply the lab. Its commands (`run:`) see the host's files with all the rights of the daemon, so
// the group vpclab, which may use the daemon, would otherwise be root. Errors: kPermission names the first server.
base::Result<> mayApply(const lab::Lab& lab, uid_t caller, uid_t daemon);

}  // namespace vpclab::daemon
