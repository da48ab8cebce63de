#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace vpclab::base {

// A program of our own that works for a daemon with threads: posix_spawn(3) and not fork(2). It leads a session of its
// own and has no signal blocked or ignored.
struct HelperProgram {
  std::vector<std::string> arguments;  // the program's path first
  // Which of the caller's descriptors it gets, and as which; 0 to 2 are /dev/null where they are not among them. Others
  // of the caller's are close-on-exec.
  std::vector<std::pair<int, int>> descriptors;
  bool inheritsEnvironment = false;  // else it has none
};

// The caller waits for it, waitpid(2). Errors: those of posix_spawn(3) and of fcntl(2).
Result<pid_t> startHelper(const HelperProgram& helper);

}  // namespace vpclab::base
