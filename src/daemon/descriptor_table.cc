#include "daemon/descriptor_table.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace vpclab::daemon {

namespace {

constexpr rlim_t kPlaces = 1024;  // 8 KiB; more than clients, workers and threads have open at once

}  // namespace

void growDescriptorTable() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == 0) {
    return;
  }
  const auto last = static_cast<int>(std::min(kPlaces, files.rlim_cur)) - 1;
  const base::UniqueFd copy(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, last));
}

}  // namespace vpclab::daemon
