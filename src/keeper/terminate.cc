#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/syscall.h>

#include "keeper/paths.h"

namespace vpclab::keeper {

namespace {

base::UniqueFd openProcess(pid_t pid) {
  return base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
}

// The keeper is the first process of a PID namespace: its pidfd reports its end only after the kernel has ended every
// other process in it (pid_namespaces(7)).
base::Result<> killAndWait(const base::UniqueFd& process, base::Deadline deadline) {
  if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0U) != 0 && errno != ESRCH) {
    return base::failErrno("kill the keeper");
  }
  for (;;) {
    pollfd entry{process.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, deadline.pollTimeout());
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return base::fail(base::ErrorKind::kTimeout, "the keeper was killed, but has not ended");
    }
    if (errno != EINTR) {
      return base::failErrno("wait for the keeper");
    }
  }
}

// The keeper by its record, where that still names a living process; else by its socket, which even one that answers
// nothing has.
base::UniqueFd findKeeper(const Paths& paths) {
  const auto record = readRecord(paths.record);
  if (!record) {
    const auto peer = connectUnix(paths.socket, base::Deadline::after(base::Milliseconds(0)));
    return peer && peer->pid > 1 ? openProcess(peer->pid) : base::UniqueFd();
  }
  base::UniqueFd process = openProcess(record->pid);
  // The order matters: a start time read after the pidfd was opened is that of the process which the pidfd means.
  const auto start = startTimeOf(record->pid);
  return process.valid() && start && *start == record->startTime ? std::move(process) : base::UniqueFd();
}

// The lock goes last: until then nobody else starts a keeper here.
base::Result<> removeFiles(const Paths& paths, const std::string& what) {
  for (const auto* path : {&paths.socket, &paths.record, &paths.log, &paths.lock}) {
    if (::unlink(path->c_str()) != 0 && errno != ENOENT) {
      return base::fail(base::Error::fromErrno(errno, "remove " + *path).context(what));
    }
  }
  return {};
}

}  // namespace

base::Result<> terminate(const Address& address, base::Deadline deadline) {
  if (auto valid = checkAddress(address); !valid) {
    return base::fail(std::move(valid.error()));
  }
  const Paths paths(address);
  const std::string what = "end the keeper of lab " + address.lab;
  for (;;) {
    if (const base::UniqueFd process = findKeeper(paths)) {
      if (auto ended = killAndWait(process, deadline); !ended) {
        return base::fail(std::move(ended.error()).context(what));
      }
    }
    const auto lock = takeLock(paths.lock);
    if (!lock && lock.error().kind() == base::ErrorKind::kNotFound) {
      return {};  // not even its directory exists
    }
    if (lock) {
      return removeFiles(paths, what);
    }
    if (lock.error().kind() != base::ErrorKind::kBusy) {
      return base::fail(base::Error(lock.error()).context(what));
    }
    // Somebody holds the lock without having written its record yet: a keeper that is just starting.
    if (deadline.passed()) {
      return base::fail(base::ErrorKind::kTimeout, what + ": " + paths.lock + " is held, and no process is recorded");
    }
    ::poll(nullptr, 0, 5);
  }
}

}  // namespace vpclab::keeper
