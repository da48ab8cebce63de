#include "keeper/sandbox.h"

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/text.h"
#include "keeper/mounts.h"
#include "keeper/private_files.h"
#include "keeper/privileges.h"
#include "keeper/wire.h"

namespace vpclab::keeper {

namespace {

constexpr std::size_t kMaxArguments = 256;
constexpr std::size_t kMaxArgumentBytes = 64U << 10U;

base::Result<> enterSandbox(const state::Command& command, const std::string& node) {
  const std::string host = node.substr(0, HOST_NAME_MAX);
  if (::sethostname(host.data(), host.size()) != 0) {
    return base::failErrno("set the host name");
  }
  if (auto done = makeMountsPrivate(); !done) {
    return done;
  }
  // Before /run is covered: the host's files are found where the host has them.
  if (auto done = mountKernelViews(); !done) {
    return done;
  }
  for (const char* path : {"/run", "/var/run", "/var/log", "/var/lock"}) {
    if (auto done = coverDirectory(path, true); !done) {
      return done;
    }
  }
  for (const char* path : {"/tmp", "/var/tmp", "/dev/shm"}) {
    if (auto done = coverDirectory(path, false); !done) {
      return done;
    }
  }
  // Where /var/lock leads, on a host whose init has not made it.
  ::mkdir("/run/lock", 0700);
  ::chmod("/run/lock", 01777);
  return showPrivateFiles(command.files);
}

[[noreturn]] void becomeCommand(const state::Command& command, int statusSocket, int errorPipe) {
  sendStatus(statusSocket, {ChildStatus::Kind::kProcess});
  ::setsid();
  base::Error error(base::ErrorKind::kInternal, "");
  if (auto kept = keepOnly(commandCapabilities()); !kept) {
    error = kept.error();
  } else {
    resetSignals();
    error = execute(command.argv, baseEnvironment());
  }
  static_cast<void>(base::writeAll(errorPipe, encodeError(error)));
  ::_exit(127);
}

// What the command's child says before it execs; nothing: it has.
std::optional<base::Error> readError(int pipe) {
  std::string text(PIPE_BUF, '\0');
  ssize_t n = 0;
  do {
    n = ::read(pipe, text.data(), text.size());
  } while (n < 0 && errno == EINTR);
  if (n <= 0) {
    return std::nullopt;
  }
  return decodeError(std::string_view(text).substr(0, static_cast<std::size_t>(n)));
}

// Reaps until the command ends; passes signals on to it.
int superviseCommand(pid_t command, const sigset_t& signals) {
  for (;;) {
    siginfo_t info{};
    const int number = ::sigwaitinfo(&signals, &info);
    if (number == SIGCHLD) {
      int status = 0;
      pid_t ended = 0;
      while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
        if (ended == command) {
          return status;
        }
      }
    } else if (number > 0) {
      ::kill(command, number);
    }
  }
}

void runInit(const state::Command& command, int statusSocket) {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
    ::sigaddset(&signals, number);
  }
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  ::prctl(PR_SET_NAME, "vpclab-init", 0, 0, 0);
  std::array<int, 2> pipe{-1, -1};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    sendStatus(statusSocket, {ChildStatus::Kind::kFailed, 0, 0, base::Error::fromErrno(errno, "open a pipe")});
    return;
  }
  const pid_t child = ::fork();
  if (child < 0) {
    sendStatus(statusSocket, {ChildStatus::Kind::kFailed, 0, 0, base::Error::fromErrno(errno, "fork")});
    return;
  }
  if (child == 0) {
    ::close(pipe[0]);
    becomeCommand(command, statusSocket, pipe[1]);
  }
  ::close(pipe[1]);
  const auto error = readError(pipe[0]);
  ::close(pipe[0]);
  if (error) {
    sendStatus(statusSocket, {ChildStatus::Kind::kFailed, 0, 0, error});
    return;
  }
  sendStatus(statusSocket, {ChildStatus::Kind::kRunning});
  const int status = superviseCommand(child, signals);
  sendStatus(statusSocket, {ChildStatus::Kind::kEnded, 0, status});
  ::_exit(0);
}

}  // namespace

std::vector<std::string> baseEnvironment() {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "USER=root",
          "LANG=C.UTF-8"};
}

base::Result<> checkCommand(const state::Command& command) {
  std::size_t bytes = 0;
  for (const auto& argument : command.argv) {
    bytes += argument.size() + 1;
    if (argument.find('\0') != std::string::npos) {
      return base::fail(base::ErrorKind::kInvalid, "an argument of the command holds a NUL byte");
    }
  }
  if (command.argv.empty() || command.argv.front().empty()) {
    return base::fail(base::ErrorKind::kInvalid, "the command is empty");
  }
  if (command.argv.size() > kMaxArguments || bytes > kMaxArgumentBytes) {
    return base::fail(base::ErrorKind::kLimit, "the command is too long");
  }
  return checkPrivateFiles(command.files);
}

ChildPlan planCommand(const state::Command& command, const std::string& node, const OpenNetns* netns) {
  ChildPlan plan;
  plan.title = "run " + base::printable(command.argv.front()) + " in " + node;
  plan.netns = netns;
  plan.cloneFlags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
  plan.prepare = [&command, node] { return enterSandbox(command, node); };
  plan.main = [&command](int statusSocket) { runInit(command, statusSocket); };
  return plan;
}

ChildPlan planTunnel(const std::string& interfaceName, const OpenNetns* netns, int tun, int standIn) {
  ChildPlan plan;
  plan.title = "run wireguard-go for " + interfaceName;
  plan.netns = netns;
  plan.cloneFlags = CLONE_NEWNS;
  plan.prepare = []() -> base::Result<> {
    if (auto done = makeMountsPrivate(); !done) {
      return done;
    }
    if (auto done = coverDirectory(runDirectory(), false); !done) {
      return done;
    }
    return keepOnly(tunnelCapabilities());
  };
  plan.argv = {"wireguard-go", "-f", interfaceName};
  plan.environment = baseEnvironment();
  plan.environment.emplace_back("LOG_LEVEL=error");
  plan.environment.emplace_back("WG_PROCESS_FOREGROUND=1");
  plan.environment.emplace_back("WG_TUN_FD=" + std::to_string(kFirstInherited));
  plan.inherit = {tun, standIn};
  return plan;
}

std::string uapiPath(const std::string& interfaceName) {
  return runDirectory() + "/wireguard/" + interfaceName + ".sock";
}

}  // namespace vpclab::keeper
