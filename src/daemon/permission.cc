#include "daemon/permission.h"

namespace vpclab::daemon {

base::Result<> mayApply(const lab::Lab& lab, uid_t caller, uid_t daemon) {
  if (caller == 0 || caller == daemon) {
    return {};
  }
  for (const auto& [id, server] : lab.servers) {
    if (!server.run.empty()) {
      return base::fail(base::ErrorKind::kPermission, server.pos.toString() + ": server " + id +
                                                          " has `run`: only root may apply a lab that runs " +
                                                          "commands, and this is uid " + std::to_string(caller));
    }
  }
  return {};
}

}  // namespace vpclab::daemon
