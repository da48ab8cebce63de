#include "entry/first_process.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "keeper/mounts.h"
#include "keeper/spawn.h"

namespace vpclab::entry {

namespace {

constexpr int kNotRunnable = 126;
constexpr int kNotFound = 127;
constexpr int kSignalled = 128;  // and the signal's number, as shells tell it

// The default is that nobody may. Best effort: without it ping is refused, and says so.
void allowPing(const std::optional<gid_t>& group) {
  const base::UniqueFd file(group ? ::open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC) : -1);
  if (file.valid()) {
    static_cast<void>(base::writeAll(file.get(), std::to_string(*group) + " " + std::to_string(*group)));
  }
}

// What the command uses counts as the caller's, and what ends or freezes the daemon's unit leaves it alone. A child is
// in its parent's, so this one goes first. Best effort: a hierarchy that refuses is no reason not to run the command.
void joinCgroup(const base::UniqueFd& cgroup) {
  if (cgroup.valid()) {
    static_cast<void>(base::writeAll(cgroup.get(), "0"));
  }
}

base::Result<> enterNode(const FirstProcess& given) {
  if (::setns(given.netns.get(), CLONE_NEWNET) != 0) {
    return base::failErrno("enter the namespace of " + given.entry.node);
  }
  const std::string host = given.entry.node.substr(0, HOST_NAME_MAX);
  if (::sethostname(host.data(), host.size()) != 0) {
    return base::failErrno("set the host name");
  }
  if (auto done = keeper::makeMountsPrivate(); !done) {
    return done;
  }
  if (auto done = keeper::mountKernelViews(); !done) {
    return done;
  }
  allowPing(given.entry.pingGroup);
  return {};
}

// The change of user has cleared it, prctl(2); who died before this call has closed the other end of the pipe.
base::Result<> followParentsDeath(int outcome) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    return base::failErrno("follow the parent's death");
  }
  pollfd entry{outcome, 0, 0};
  if (::poll(&entry, 1, 0) > 0) {
    return base::fail(base::ErrorKind::kCancelled, "the parent is gone");
  }
  return {};
}

void report(int outcome, const Report& report) {
  const std::string text = encodeReport(report).substr(0, PIPE_BUF);
  static_cast<void>(!::write(outcome, text.data(), text.size()));
}

Report failure(const base::Error& error) {
  return {125, error.message()};
}

Report becomeCommand(const FirstProcess& given) {
  ::setsid();
  for (std::size_t i = 0; i < given.streams.size(); ++i) {
    if (::dup2(given.streams.at(i).get(), static_cast<int>(i)) < 0) {
      return failure(base::Error::fromErrno(errno, "pass on the standard streams"));
    }
  }
  if (given.command.terminal) {
    // Without one there is no job control, and that is all.
    static_cast<void>(::ioctl(STDIN_FILENO, TIOCSCTTY, 0));
  }
  ::umask(given.command.mask);
  if (::chdir(given.command.directory.c_str()) != 0) {
    return failure(base::Error::fromErrno(errno, "enter the directory " + given.command.directory));
  }
  keeper::resetSignals();
  const auto error = keeper::execute(given.command.arguments, given.command.environment);
  return {error.errnoValue() == ENOENT ? kNotFound : kNotRunnable, error.message()};
}

// Reaps until the command ends.
int waitForCommand(pid_t command, const sigset_t& signals) {
  for (;;) {
    const int number = ::sigwaitinfo(&signals, nullptr);
    if (number > 0 && number != SIGCHLD && ::kill(-command, number) != 0) {
      ::kill(command, number);  // it is not yet the leader of its group
    }
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended == command) {
        return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
      }
    }
  }
}

Report run(FirstProcess& given) {
  joinCgroup(given.cgroup);
  if (auto entered = enterNode(given); !entered) {
    return failure(entered.error());
  }
  if (auto became = becomeCaller(given.entry.caller, given.limits); !became) {
    return failure(became.error());
  }
  if (auto follows = followParentsDeath(given.outcome.get()); !follows) {
    return failure(follows.error());
  }
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGCHLD);
  for (int number = 1; number < NSIG; ++number) {
    if (api::mayPassOn(number)) {
      ::sigaddset(&signals, number);
    }
  }
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  // Closed by a successful exec; what comes before its end is why there was none.
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return failure(base::Error::fromErrno(errno, "open a pipe"));
  }
  base::UniqueFd reading(ends[0]);
  base::UniqueFd writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) {
    return failure(base::Error::fromErrno(errno, "fork"));
  }
  if (child == 0) {
    report(writing.get(), becomeCommand(given));
    ::_exit(kNotRunnable);
  }
  writing.reset();
  // They are the command's alone, so that it can close them.
  for (auto& stream : given.streams) {
    stream.reset();
  }
  std::string refusal(PIPE_BUF, '\0');
  ssize_t size = 0;
  while ((size = ::read(reading.get(), refusal.data(), refusal.size())) < 0 && errno == EINTR) {
  }
  if (size > 0) {
    return decodeReport(refusal.substr(0, static_cast<std::size_t>(size)));
  }
  return {waitForCommand(child, signals), ""};
}

}  // namespace

void runFirstProcess(FirstProcess& given) {
  // Neither the caller's socket nor the daemon's pipe is the command's. The rest is close-on-exec.
  ::close(kCallerSocket);
  ::close(kReportPipe);
  report(given.outcome.get(), run(given));
  ::_exit(0);
}

}  // namespace vpclab::entry
