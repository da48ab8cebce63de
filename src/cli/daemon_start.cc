#include "cli/daemon_start.h"

#include <array>
#include <cerrno>
#include <filesystem>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vpclab::cli {

std::string programBeside(const std::string& name) {
  std::error_code problem;
  return std::filesystem::read_symlink("/proc/self/exe", problem).replace_filename(name);
}

base::Result<> startDaemon(const std::string& runDir) {
  std::string program = programBeside("vpclabd");
  std::string background = "--daemonize";
  std::string last = "--exit-after-last-lab";
  std::string option = "--run-dir=" + runDir;
  const std::array<char*, 5> arguments{program.data(), background.data(), last.data(), option.data(), nullptr};
  pid_t child = 0;
  const int problem = ::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ);
  if (problem != 0) {
    return tl::make_unexpected(base::Error::fromErrno(problem, "start " + program));
  }
  // It ends as soon as its child serves, or could not.
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return base::failErrno("wait for " + program);
    }
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return base::fail(base::ErrorKind::kSystem, "start " + program + ": it could not serve");
  }
  return {};
}

}  // namespace vpclab::cli
