#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/syscall.h>

#include "keeper/former.h"
#include "keeper/paths.h"

namespace vpclab::keeper {

namespace {

base::Result<> killAndWait(const base::UniqueFd& process, base::Deadline deadline) {
  if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0U) != 0 && errno != ESRCH) {
    return base::failErrno("kill the keeper");
  }
  return awaitEnd(process, deadline);
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
