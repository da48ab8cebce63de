#include "keeper/spawn.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/text.h"

namespace vpclab::keeper {

namespace {

constexpr int kStatusFd = 4;
static_assert(kFirstInherited == kStatusFd + 1);

struct Ends {
  base::UniqueFd input;
  base::UniqueFd output;
  base::UniqueFd control;
  base::UniqueFd status;
};

// Puts the descriptors at their places and closes all others.
base::Result<> arrangeDescriptors(const Ends& ends, const std::vector<int>& inherit) {
  constexpr int kAbove = 64;  // clear of every place
  std::vector<int> sources{ends.input.get(), ends.output.get(), ends.output.get(), ends.control.get(),
                           ends.status.get()};
  sources.insert(sources.end(), inherit.begin(), inherit.end());
  std::vector<int> copies(sources.size(), -1);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    copies.at(i) = sources.at(i) < 0 ? -1 : ::fcntl(sources.at(i), F_DUPFD_CLOEXEC, kAbove);
    if (sources.at(i) >= 0 && copies.at(i) < 0) {
      return base::failErrno("duplicate a descriptor");
    }
  }
  for (int place = 0; place < static_cast<int>(copies.size()); ++place) {
    const int copy = copies.at(static_cast<std::size_t>(place));
    if (copy < 0) {
      ::close(place);
    } else if (::dup3(copy, place, place == kStatusFd ? O_CLOEXEC : 0) < 0) {
      return base::failErrno("duplicate a descriptor");
    }
  }
  // By number: the C library of Debian 12 has it, but an older kernel may not.
  if (::syscall(SYS_close_range, static_cast<unsigned>(copies.size()), ~0U, 0U) != 0) {
    return base::failErrno("close_range");
  }
  return {};
}

base::Result<> enterNetwork(const OpenNetns* netns) {
  if (netns == nullptr) {
    return ::unshare(CLONE_NEWNET) == 0 ? base::Result<>() : base::failErrno("make an empty network namespace");
  }
  return ::setns(netns->fd.get(), CLONE_NEWNET) == 0 ? base::Result<>() : base::failErrno("enter its namespace");
}

void restoreLimits(const ChildPlan& plan, const Inherited& inherited) {
  rlimit files{};
  if (!plan.keepFileLimit && ::getrlimit(RLIMIT_NOFILE, &files) == 0 && inherited.softFiles <= files.rlim_max) {
    files.rlim_cur = inherited.softFiles;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  const base::UniqueFd adjust(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (adjust.valid()) {
    // Best effort: where the keeper could not lower its own, there is nothing to undo.
    static_cast<void>(base::writeAll(adjust.get(), inherited.oomScoreAdjust));
  }
}

// Up to the moment where the descriptors are at their places.
base::Result<> beginChild(const ChildPlan& plan, const Ends& ends) {
  ::setsid();
  ::umask(022);
  if (::chdir("/") != 0) {
    return base::failErrno("chdir /");
  }
  if (auto entered = enterNetwork(plan.netns); !entered) {
    return entered;
  }
  return arrangeDescriptors(ends, plan.inherit);
}

base::Error finishChild(const ChildPlan& plan, const Inherited& inherited) {
  restoreLimits(plan, inherited);
  if (plan.prepare) {
    if (auto prepared = plan.prepare(); !prepared) {
      return prepared.error();
    }
  }
  if (plan.main) {
    plan.main(kStatusFd);
    ::_exit(1);
  }
  resetSignals();
  return execute(plan.argv, plan.environment);
}

[[noreturn]] void runChild(const ChildPlan& plan, const Inherited& inherited, const Ends& ends) {
  if (auto begun = beginChild(plan, ends); !begun) {
    sendStatus(ends.status.get(), {ChildStatus::Kind::kFailed, 0, 0, begun.error()});
  } else {
    sendStatus(kStatusFd, {ChildStatus::Kind::kFailed, 0, 0, finishChild(plan, inherited)});
  }
  ::_exit(127);  // without running destructors: the descriptors' numbers are other files' now
}

}  // namespace

// Without a new stack clone(2) returns twice, as fork(2) does.
pid_t cloneProcess(unsigned long flags) {
  return static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

base::Result<Child> spawn(const ChildPlan& plan, const Inherited& inherited) {
  Child child;
  Ends ends;
  std::array<int, 2> pair{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return base::fail(base::Error::fromErrno(errno, "open a socket pair").context(plan.title));
  }
  child.status.reset(pair[0]);
  ends.status.reset(pair[1]);
  const int on = 1;
  if (::setsockopt(child.status.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0 ||
      ::pipe2(pair.data(), O_CLOEXEC) != 0) {
    return base::fail(base::Error::fromErrno(errno, "open a pipe").context(plan.title));
  }
  child.output.reset(pair[0]);
  ends.output.reset(pair[1]);
  if (plan.control) {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
      return base::fail(base::Error::fromErrno(errno, "open a socket pair").context(plan.title));
    }
    child.control.reset(pair[0]);
    ends.control.reset(pair[1]);
  }
  ends.input.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!ends.input) {
    return base::fail(base::Error::fromErrno(errno, "open /dev/null").context(plan.title));
  }
  for (const auto* fd : {&child.status, &child.output, &child.control}) {
    if (fd->valid()) {
      ::fcntl(fd->get(), F_SETFL, ::fcntl(fd->get(), F_GETFL) | O_NONBLOCK);
    }
  }
  child.pid = cloneProcess(plan.cloneFlags);
  if (child.pid < 0) {
    return base::fail(base::Error::fromErrno(errno, "clone").context(plan.title));
  }
  if (child.pid == 0) {
    runChild(plan, inherited, ends);
  }
  return child;
}

void resetSignals() {
  for (int number = 1; number < NSIG; ++number) {
    ::signal(number, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

base::Error execute(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  std::vector<char*> arguments;
  std::vector<char*> variables;
  for (const auto& text : argv) {
    arguments.push_back(const_cast<char*>(text.c_str()));
  }
  for (const auto& text : environment) {
    variables.push_back(const_cast<char*>(text.c_str()));
  }
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  environ = variables.data();  // execvp(3) looks for PATH there
  ::execvp(arguments[0], arguments.data());
  return base::Error::fromErrno(errno, "exec " + base::printable(argv[0]));
}

pid_t hostPidOf(pid_t pid) {
  const base::UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!fd) {
    return 0;
  }
  // proc(5): "Pid:" is the number in the PID namespace of that /proc.
  const auto text = base::readProcFile("/proc/self/fdinfo/" + std::to_string(fd.get()));
  if (text) {
    for (const auto line : base::split(*text, '\n')) {
      if (line.starts_with("Pid:\t")) {
        return static_cast<pid_t>(base::parseInteger(line.substr(5), 0, INT32_MAX).value_or(0));
      }
    }
  }
  return 0;
}

std::string describeExit(int waitStatus) {
  if (WIFSIGNALED(waitStatus)) {
    const char* words = ::sigdescr_np(WTERMSIG(waitStatus));
    return "signal " + std::to_string(WTERMSIG(waitStatus)) + (words == nullptr ? "" : " (" + std::string(words) + ")");
  }
  return "exit status " + std::to_string(WEXITSTATUS(waitStatus));
}

}  // namespace vpclab::keeper
