#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "api/event.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::api {

inline constexpr const char* kDefaultRunDir = "/run/vpclab";

// `<runDir>/vpclabd.sock`
std::string socketPath(const std::string& runDir);

// One request to the daemon. Not thread safe.
class Client {
 public:
  // Errors: kNotFound where no daemon answers there; kPermission.
  static base::Result<Client> connect(const std::string& runDir, base::Deadline deadline);

  pid_t daemonPid() const { return pid_; }  // from SO_PEERCRED

  // Sends the request and hands on each event as it comes, the Final not among them. When `interruptFd` (-1: none)
  // becomes readable, the daemon is told to stop after its current batch; its Final still comes. May be called once.
  base::Result<Final> call(const Request& request, const std::function<void(const Event&)>& onEvent, int interruptFd);

 private:
  Client(base::UniqueFd socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  base::UniqueFd socket_;
  pid_t pid_;
};

}  // namespace vpclab::api
