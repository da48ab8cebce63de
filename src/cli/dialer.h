#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/context.h"
#include "cli/node_place.h"
#include "net/ip.h"

namespace vpclab::cli {

// A socket in the calling thread's network namespace on its way to there: non-blocking.
base::Result<base::UniqueFd> connectTo(const net::IpAddr& address, std::uint16_t port);

// Makes connections to one target from within a lab, however often that is made anew meanwhile.
class Dialer {
 public:
  virtual ~Dialer() = default;
  virtual base::Result<base::UniqueFd> dial() = 0;
};

// Root's: the calling thread moves into the node's namespace.
std::unique_ptr<Dialer> makeOwnDialer(NodePlace place);
// Anybody else's: a process with the caller's rights, which the daemon runs in the node, opens the sockets and hands
// them over.
std::unique_ptr<Dialer> makeRemoteDialer(Context context, NodePlace place);

}  // namespace vpclab::cli
