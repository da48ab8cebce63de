#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/text.h"
#include "keeper/client.h"
#include "keeper/paths.h"

namespace vpclab::keeper {

namespace {

constexpr std::size_t kMaxComplaint = 4096;

struct Launcher {
  pid_t pid = 0;
  base::UniqueFd process;
  base::UniqueFd complaint;  // its standard error
};

// posix_spawn(3) and not fork(2): the caller may have threads. Descriptors are close-on-exec throughout; the launcher
// closes what a library may have missed.
base::Result<Launcher> start(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::failErrno("open a pipe");
  }
  Launcher out;
  out.complaint.reset(ends[0]);
  const base::UniqueFd writeEnd(ends[1]);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  const std::unique_ptr<posix_spawn_file_actions_t, int (*)(posix_spawn_file_actions_t*)> actionsOwner(
      &actions, ::posix_spawn_file_actions_destroy);
  const std::unique_ptr<posix_spawnattr_t, int (*)(posix_spawnattr_t*)> attributesOwner(&attributes,
                                                                                        ::posix_spawnattr_destroy);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, writeEnd.get(), 2);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> argv;
  for (const auto& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  const int error = ::posix_spawn(&out.pid, argv[0], &actions, &attributes, argv.data(), environ);
  if (error != 0) {
    return base::fail(base::Error::fromErrno(error, "start " + arguments[0]));
  }
  out.process.reset(static_cast<int>(::syscall(SYS_pidfd_open, out.pid, 0U)));
  return out;
}

// Waits for the launcher's exit status; kills it at the deadline.
base::Result<int> finish(const Launcher& launcher, base::Deadline deadline) {
  bool ended = false;
  while (!ended && !deadline.passed()) {
    // Without a pidfd (no descriptor left) the status is polled.
    pollfd entry{launcher.process.get(), POLLIN, 0};
    const int wait = launcher.process.valid() ? deadline.pollTimeout() : std::min(deadline.pollTimeout(), 5);
    ended = ::poll(&entry, 1, wait) > 0;
    if (!launcher.process.valid()) {
      siginfo_t info{};
      ended = ::waitid(P_PID, static_cast<id_t>(launcher.pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
              info.si_pid == launcher.pid;
    }
  }
  if (!ended) {
    ::kill(launcher.pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(launcher.pid, &status, 0) < 0) {
    if (errno != EINTR) {
      return base::failErrno("wait for the keeper's start");
    }
  }
  if (!ended) {
    return base::fail(base::ErrorKind::kTimeout, "the keeper did not start in time");
  }
  return status;
}

std::string readComplaint(int fd) {
  std::string text(kMaxComplaint, '\0');
  // A keeper that forgot to let go of it must not hold us up.
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  const ssize_t n = ::read(fd, text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return base::printable(text);
}

std::string besideOf(const std::string& program) {
  return program.substr(0, program.rfind('/') + 1) + "vpclab-worker";
}

}  // namespace

base::Result<Client> Client::ensure(const Address& address, const Launch& launch, base::Deadline deadline) {
  auto running = connect(address, deadline);
  if (running || running.error().kind() != base::ErrorKind::kNotFound) {
    return running;
  }
  const std::string what = "start the keeper of lab " + address.lab;
  auto launcher =
      start({launch.program, "keeper", "--run-dir", address.runDir, "--lab", address.lab, "--worker",
             launch.worker.empty() ? besideOf(launch.program) : launch.worker, "--netns-dir", launch.netnsDir});
  if (!launcher) {
    return base::fail(std::move(launcher.error()).context(what));
  }
  auto status = finish(*launcher, deadline);
  if (!status) {
    return base::fail(std::move(status.error()).context(what));
  }
  if (*status != 0) {
    const std::string complaint = readComplaint(launcher->complaint.get());
    return base::fail(base::ErrorKind::kSystem,
                      what + ": " + (complaint.empty() ? launch.program + " keeper failed" : complaint));
  }
  return connect(address, deadline);
}

base::Result<Client> Client::ensure(const Address& address, const std::string& program, base::Deadline deadline) {
  return ensure(address, Launch{program, ""}, deadline);
}

}  // namespace vpclab::keeper
