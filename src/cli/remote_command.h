#pragma once

#include <array>
#include <string>
#include <vector>

#include "api/command.h"
#include "api/request.h"
#include "base/result.h"
#include "cli/context.h"

namespace vpclab::cli {

// How the daemon runs a command in a node for a caller who is not root: with the caller's rights and no more.

// The words with this process' directory, mask and environment.
base::Result<api::Command> commandOf(std::vector<std::string> words);

struct Ended {
  int status = 125;   // the command's, or exec's own
  std::string error;  // empty: the command ran
};

// Returns when the command has ended. Its streams are these three; signals that this process gets are passed on to it.
// With both of input and output terminals it gets one of its own, which is relayed. Errors: those of the daemon.
base::Result<Ended> runRemotely(const Context& context, const api::ExecRequest& request, api::Command command,
                                std::array<int, api::kCommandFds> streams);

}  // namespace vpclab::cli
