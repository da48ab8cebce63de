#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "keeper/client.h"
#include "keeper/former.h"
#include "keeper/keeper_process.h"
#include "keeper/paths.h"
#include "keeper/spawn.h"

namespace vpclab::keeper {

namespace {

constexpr base::Milliseconds kStartTime{10'000};
constexpr off_t kMaxLogBytes = 64 << 10;

base::Result<> makeDirectories(const Paths& paths) {
  // Parents as they are; a missing one is made for root alone.
  for (std::size_t at = paths.directory.find('/', 1);; at = paths.directory.find('/', at + 1)) {
    const std::string part = paths.directory.substr(0, at);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return base::failErrno("make the directory " + part);
    }
    if (at == std::string::npos) {
      return {};
    }
  }
}

// The lock, or nothing where another keeper has it and answers.
base::Result<base::UniqueFd> lockOrFindOther(const Paths& paths, base::Deadline deadline) {
  for (;;) {
    auto lock = takeLock(paths.lock);
    if (lock || lock.error().kind() != base::ErrorKind::kBusy) {
      return lock;
    }
    if (connectUnix(paths.socket, deadline)) {
      return base::UniqueFd();
    }
    if (deadline.passed()) {
      return base::fail(base::ErrorKind::kBusy, paths.lock + " is held by a keeper that does not answer");
    }
    ::poll(nullptr, 0, 5);
  }
}

// Standard input and output to nowhere, errors to the log.
base::Result<> detachDescriptors(const Paths& paths) {
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const base::UniqueFd log(::open(paths.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!null || !log) {
    return base::failErrno("open " + paths.log);
  }
  // It says something only when it fails, so this bounds it.
  struct stat info = {};
  if (::fstat(log.get(), &info) == 0 && info.st_size > kMaxLogBytes) {
    static_cast<void>(!::ftruncate(log.get(), 0));
  }
  if (::dup2(null.get(), 0) < 0 || ::dup2(null.get(), 1) < 0 || ::dup2(log.get(), 2) < 0) {
    return base::failErrno("detach standard input and output");
  }
  return {};
}

void removeFiles(const Paths& paths) {
  for (const auto* path : {&paths.socket, &paths.record, &paths.lock}) {
    ::unlink(path->c_str());
  }
}

// The child: becomes the keeper. `launcher` carries its number in and "ok" or an error out.
int beKeeper(const Address& address, const std::string& workerProgram, const std::string& netnsDir,
             base::UniqueFd launcher) {
  const Paths paths(address);
  const auto complain = [&](const base::Error& error) {
    const std::string text = error.message();
    if (launcher.valid()) {
      static_cast<void>(base::writeAll(launcher.get(), text));
    } else {
      std::fprintf(stderr, "keeper of lab %s: %s\n", address.lab.c_str(), text.c_str());
    }
  };
  pid_t self = 0;
  if (::read(launcher.get(), &self, sizeof(self)) != sizeof(self)) {
    return 1;
  }
  const auto startTime = startTimeOf(self);
  if (!startTime) {
    complain(startTime.error());
    return 1;
  }
  // The lock is held, so whatever is here is a dead keeper's.
  ::unlink(paths.socket.c_str());
  if (auto written = writeRecord(paths.record, {self, *startTime}); !written) {
    complain(written.error());
    return 1;
  }
  if (auto detached = detachDescriptors(paths); !detached) {
    complain(detached.error());
    return 1;
  }
  const auto ended = runKeeperProcess(address, workerProgram, netnsDir, [&launcher] {
    static_cast<void>(base::writeAll(launcher.get(), "ok"));
    launcher.reset();
  });
  removeFiles(paths);
  if (!ended) {
    complain(ended.error());
    return 1;
  }
  return 0;
}

// Waits for the keeper's "ok" and returns the error that came instead.
base::Result<> awaitKeeper(int socket, base::Deadline deadline) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    pollfd entry{socket, POLLIN, 0};
    const int ready = ::poll(&entry, 1, deadline.pollTimeout());
    if (ready == 0) {
      return base::fail(base::ErrorKind::kTimeout, "it is not ready in time");
    }
    const ssize_t n = ready < 0 ? -1 : ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (n <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text == "ok") {
      return {};
    }
  }
  return base::fail(base::ErrorKind::kSystem, text.empty() ? "it ended at once" : text);
}

base::Result<> launch(const Address& address, const std::string& workerProgram, const std::string& netnsDir) {
  if (auto valid = checkAddress(address); !valid) {
    return valid;
  }
  const Paths paths(address);
  if (auto made = makeDirectories(paths); !made) {
    return made;
  }
  const auto deadline = base::Deadline::after(kStartTime);
  const auto lock = lockOrFindOther(paths, deadline);
  if (!lock) {
    return base::fail(lock.error());
  }
  if (!lock->valid()) {
    return {};
  }
  // A killed one's processes outlive its lock by a moment, and hold interfaces whose names are wanted again.
  if (const base::UniqueFd former = findKeeper(paths)) {
    if (auto ended = awaitEnd(former, deadline); !ended) {
      return ended;
    }
  }
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::failErrno("open a socket pair");
  }
  base::UniqueFd ours(ends[0]);
  base::UniqueFd theirs(ends[1]);
  // The first process of a new PID namespace: when it ends, however it does, the kernel ends all others in there,
  // pid_namespaces(7). Not by unshare(2), which would put there all that this process starts afterwards: a leak
  // sanitizer waits for ever for its own helper, which is in another PID namespace than it is itself.
  const pid_t child = cloneProcess(CLONE_NEWPID);
  if (child < 0) {
    return base::failErrno("make a process in a PID namespace of its own");
  }
  if (child == 0) {
    ours.reset();
    ::_exit(beKeeper(address, workerProgram, netnsDir, std::move(theirs)));  // the lock stays held until then
  }
  theirs.reset();
  if (auto told = base::writeAll(ours.get(), std::string_view(reinterpret_cast<const char*>(&child), sizeof(child)));
      !told) {
    return told;
  }
  auto ready = awaitKeeper(ours.get(), deadline);
  if (!ready) {
    ::kill(child, SIGKILL);
  }
  return ready;
}

// Who wants the keeper waits for its launcher. One whose daemon was killed must not go on: by now the next daemon may
// have taken the lab down, and nobody would ever end that keeper. True: so it is, from now on by the kernel.
bool endWithCaller() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have been killed before: then nobody reads the complaints any more.
  pollfd complaints{STDERR_FILENO, 0, 0};
  return ::poll(&complaints, 1, 0) == 0 || (complaints.revents & POLLERR) == 0;
}

}  // namespace

int runKeeper(const Address& address, const std::string& workerProgram, const std::string& netnsDir) {
  if (!endWithCaller()) {
    return 1;
  }
  ::setsid();  // fails where the caller has done so already
  ::umask(077);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  if (::chdir("/") != 0) {
    std::perror("chdir /");
    return 1;
  }
  if (auto launched = launch(address, workerProgram, netnsDir); !launched) {
    std::fprintf(stderr, "keeper of lab %s: %s\n", address.lab.c_str(), launched.error().message().c_str());
    return 1;
  }
  return 0;
}

}  // namespace vpclab::keeper
