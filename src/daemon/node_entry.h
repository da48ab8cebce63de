#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::daemon {

// Starts `program enter`, which is runEntry(), for the client at the other end of the socket. The caller waits for the
// process; its report comes by `report`.
struct NodeEntry {
  pid_t pid = 0;
  base::UniqueFd report;
};
base::Result<NodeEntry> startEntry(const std::string& program, const std::string& pin, const std::string& node,
                                   int clientSocket);

// The main() of `vpclabd enter`: finds out for itself who the client is.
int runEntry(const std::string& pin, const std::string& node);

}  // namespace vpclab::daemon
