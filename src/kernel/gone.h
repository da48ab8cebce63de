#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kernel/netlink_socket.h"
#include "kernel/pins.h"

namespace vpclab::kernel {

// Learns when the kernel has really let go of namespaces, which it does in the background, long after the last
// reference has gone. Watches from a scratch namespace of its own, whose table of peers (RTM_NEWNSID) holds no
// reference and loses each entry when that namespace begins to die; a veth into the last of them shows that their
// devices are gone too. Only on threads of onThreads(): puts the thread into the scratch namespace.
class GoneWatch {
 public:
  static base::Result<GoneWatch> make();

  // Call for each, before its pin is removed; the last call's namespace should be the last to be let go.
  base::Result<> watch(const Pin& pin, base::Deadline deadline);
  // Puts the veth into the namespace that was watched last.
  base::Result<> putSentinel(const Pin& pin, base::Deadline deadline);
  // Errors: kTimeout, naming what is still held.
  base::Result<> wait(base::Deadline deadline);

 private:
  explicit GoneWatch(NetlinkSocket socket) : socket_(std::move(socket)) {}
  base::Result<bool> sentinelStands(base::Deadline deadline);
  base::Result<std::vector<std::string>> remaining(base::Deadline deadline);

  NetlinkSocket socket_;
  std::vector<std::string> nodes_;  // by the number given as nsid
};

}  // namespace vpclab::kernel
