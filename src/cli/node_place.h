#pragma once

#include <cstdint>
#include <string>

#include "api/request.h"
#include "base/result.h"
#include "cli/context.h"

namespace vpclab::cli {

// Where a node's namespace is pinned, as the daemon says.
struct NodePlace {
  std::string lab;
  std::string node;  // its id
  std::string title;
  std::string pin;
  std::string address;     // for forward: what to reach from there; may be empty
  std::uint16_t port = 0;  // for forward
};

// Errors: those of the daemon; kProtocol.
base::Result<NodePlace> askForPlace(const Context& context, const api::Request& request);

// Moves the calling thread into the namespace pinned there. Needs CAP_SYS_ADMIN.
base::Result<> enterNetns(const NodePlace& place);

}  // namespace vpclab::cli
