#include "keeper/former.h"

#include <cerrno>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vpclab::keeper {

namespace {

base::UniqueFd openProcess(pid_t pid) {
  return base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
}

}  // namespace

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

base::Result<> awaitEnd(const base::UniqueFd& keeper, base::Deadline deadline) {
  for (;;) {
    pollfd entry{keeper.get(), POLLIN, 0};
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

}  // namespace vpclab::keeper
