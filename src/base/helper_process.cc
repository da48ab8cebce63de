#include "base/helper_process.h"

#include <array>
#include <csignal>
#include <memory>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace vpclab::base {

Result<pid_t> startHelper(const HelperProgram& helper) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  const std::unique_ptr<posix_spawn_file_actions_t, int (*)(posix_spawn_file_actions_t*)> actionsOwner(
      &actions, ::posix_spawn_file_actions_destroy);
  const std::unique_ptr<posix_spawnattr_t, int (*)(posix_spawnattr_t*)> attributesOwner(&attributes,
                                                                                        ::posix_spawnattr_destroy);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  constexpr int kAbove = 64;  // clear of the places that they go to
  std::vector<UniqueFd> copies;
  for (const auto& [from, to] : helper.descriptors) {
    const UniqueFd& copy = copies.emplace_back(::fcntl(from, F_DUPFD_CLOEXEC, kAbove));
    if (!copy) {
      return failErrno("duplicate a descriptor");
    }
    ::posix_spawn_file_actions_adddup2(&actions, copy.get(), to);
  }
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const auto& argument : helper.arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  std::array<char*, 1> nothing{nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(),
                                  helper.inheritsEnvironment ? environ : nothing.data());
  return error == 0 ? Result<pid_t>(pid) : fail(Error::fromErrno(error, "start " + helper.arguments[0]));
}

}  // namespace vpclab::base
