#include "kernel/wireguard_go.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/unique_fd.h"
#include "keeper/mounts.h"
#include "keeper/spawn.h"
#include "kernel/links.h"
#include "kernel/threads.h"

namespace vpclab::kernel {

namespace {

constexpr const char* kTrialInterface = "vpclab-trial";
constexpr base::Milliseconds kTrialTime{5'000};
constexpr base::Milliseconds kTrialPause{1};

// Ends with this scope, and with the thread that started it.
class Trial {
 public:
  static base::Result<Trial> start(const std::string& program) {
    const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) {
      return base::failErrno("open /dev/null");
    }
    const std::array<const char*, 4> argv{program.c_str(), "-f", kTrialInterface, nullptr};
    const std::array<const char*, 3> environment{"LOG_LEVEL=silent", "WG_PROCESS_FOREGROUND=1", nullptr};
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
      return base::failErrno("fork");
    }
    if (pid == 0) {
      // Nothing here that another thread's lock could hold up.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() == parent) {
        for (const int fd : {0, 1, 2}) {
          ::dup2(null.get(), fd);
        }
        keeper::resetSignals();
        ::execve(argv[0], const_cast<char* const*>(argv.data()), const_cast<char* const*>(environment.data()));
      }
      ::_exit(127);
    }
    return Trial(pid);
  }
  Trial(Trial&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Trial& operator=(Trial&&) = delete;
  ~Trial() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  // How it ended; nullopt: it has not.
  std::optional<std::string> ended() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) {
      return std::nullopt;
    }
    pid_ = 0;
    return keeper::describeExit(status);
  }

 private:
  explicit Trial(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

struct Tried {
  std::uint32_t flags = 0;
  Trial trial;
};

// On a thread that ends with it: leaves the host's namespaces.
base::Result<Tried> tryOut(const std::string& program, base::Deadline deadline) {
  auto netns = makeNetns();
  if (!netns) {
    return base::fail(std::move(netns.error()));
  }
  if (::unshare(CLONE_FS | CLONE_NEWNS) != 0) {
    return base::failErrno("make a mount namespace");
  }
  // Its UAPI socket is nobody's business.
  for (const auto& done : {keeper::makeMountsPrivate(), keeper::coverDirectory(keeper::runDirectory(), false)}) {
    if (!done) {
      return base::fail(done.error());
    }
  }
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) {
    return base::fail(std::move(socket.error()));
  }
  auto trial = Trial::start(program);
  if (!trial) {
    return base::fail(std::move(trial.error()));
  }
  LinkTable links(*socket);
  for (;;) {
    auto link = links.find(kTrialInterface, deadline);
    if (link && link->kind == "tun") {
      return Tried{link->tunFlags, std::move(*trial)};
    }
    if (!link && link.error().kind() != base::ErrorKind::kNotFound) {
      return base::fail(std::move(link.error()));
    }
    if (const auto how = trial->ended()) {
      return base::fail(base::ErrorKind::kSystem, "it ended before it had an interface: " + *how);
    }
    if (deadline.passed()) {
      return base::fail(base::ErrorKind::kTimeout, "it makes no interface");
    }
    std::this_thread::sleep_for(kTrialPause);
  }
}

}  // namespace

std::string findProgram(const std::string& name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody writes the environment
  const std::string search = std::string(path == nullptr ? "" : path) + ":/usr/bin:/usr/local/bin:/usr/sbin";
  for (const auto directory : base::split(search, ':')) {
    std::string file = std::string(directory) + "/" + name;
    if (!directory.empty() && ::access(file.c_str(), X_OK) == 0) {
      return file;
    }
  }
  return "";
}

base::Result<std::uint32_t> WireGuardGo::tunFlags(base::Deadline deadline) {
  const std::unique_lock lock(mutex_, deadline.when());
  if (!lock) {
    return base::fail(base::ErrorKind::kTimeout, "wireguard-go is being tried out");
  }
  const std::string program = findProgram("wireguard-go");
  struct stat info = {};
  if (program.empty() || ::stat(program.c_str(), &info) != 0) {
    return base::fail(base::ErrorKind::kNotFound, "wireguard-go is not installed");
  }
  const Identity now{info.st_dev, info.st_ino, info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
  if (flags_ && of_ == now) {
    return *flags_;
  }
  auto result = tryOnThread(program, deadline.earlier(base::Deadline::after(kTrialTime)));
  if (!result) {
    return base::fail(std::move(result.error()).context("try out " + program));
  }
  of_ = now;
  flags_ = *result;
  return result;
}

// The thread tells as soon as it knows. Until the process and its interface have gone takes the kernel another 10 or 20
// ms (rcu_barrier in netdev_run_todo), for which nobody has to wait.
base::Result<std::uint32_t> WireGuardGo::tryOnThread(const std::string& program, base::Deadline deadline) {
  std::promise<base::Result<std::uint32_t>> promise;
  auto known = promise.get_future();
  try {
    trial_ = std::async(std::launch::async, [program, deadline, promise = std::move(promise)]() mutable {
      const auto ran = onThreads(1, [&](std::size_t) {
        const auto tried = tryOut(program, deadline);
        promise.set_value(tried ? base::Result<std::uint32_t>(tried->flags) : base::fail(tried.error()));
      });
      if (!ran) {
        promise.set_value(base::fail(ran.error()));
      }
    });
  } catch (const std::system_error& error) {
    return base::fail(base::Error::fromErrno(error.code().value(), "start a thread"));
  }
  return known.get();
}

}  // namespace vpclab::kernel
