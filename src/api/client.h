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

  // Sends the request and hands on each event as it comes, but for the Final and the Items, which are put into its
  // data. May be called once.
  // `begun` is called once the daemon has taken the request and begins to answer, with the socket: for requests that
  // more follows than their body.
  base::Result<Final> call(const Request& request, const std::function<void(const Event&)>& onEvent,
                           const std::function<void(int socket)>& begun = {});
  // Tells the daemon to stop after its current batch; its Final still comes. Async-signal-safe.
  void stop() const;

 private:
  Client(base::UniqueFd socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  base::UniqueFd socket_;
  pid_t pid_;
};

}  // namespace vpclab::api
