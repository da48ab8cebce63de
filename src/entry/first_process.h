#pragma once

#include <array>

#include "api/command.h"
#include "base/unique_fd.h"
#include "entry/enter.h"

namespace vpclab::entry {

// All that the first process of the command's PID namespace is given.
struct FirstProcess {
  const Entry& entry;
  const Limits& limits;
  const api::Command& command;
  const base::UniqueFd& netns;
  const base::UniqueFd& cgroup;  // see openCgroup(); may be invalid
  std::array<base::UniqueFd, api::kCommandFds>& streams;
  base::UniqueFd& outcome;  // a pipe: a Report, unless it is killed before
};

// Enters the node, becomes the caller, runs the command and waits for its end; signals of api::mayPassOn() go to the
// command's process group. With this process goes everything that the command has started.
[[noreturn]] void runFirstProcess(FirstProcess& given);

}  // namespace vpclab::entry
