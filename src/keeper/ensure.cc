#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/helper_process.h"
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

// Descriptors are close-on-exec throughout; the launcher closes what a library may have missed.
base::Result<Launcher> start(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::failErrno("open a pipe");
  }
  Launcher out;
  out.complaint.reset(ends[0]);
  const base::UniqueFd writeEnd(ends[1]);
  auto started = base::startHelper({arguments, {{writeEnd.get(), STDERR_FILENO}}, true});
  if (!started) {
    return base::fail(std::move(started.error()));
  }
  out.pid = *started;
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
