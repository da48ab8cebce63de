#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/shared_string.h"

namespace vpclab::kernel {

// Kernel parameters of the calling thread's network namespace: /proc/sys/net shows each thread its own. Where /proc/sys
// is read-only (privileged containers), writing goes through a procfs of our own that is mounted nowhere (fsmount(2)).
// So does everything where there are many namespaces: see ProcfsPool. Thread safe.
class ProcSys {
 public:
  // Errors: kInvalid for a path outside net/.
  base::Result<> write(const std::string& path, const std::string& value);
  // nullopt: this kernel or this namespace has no such parameter.
  static base::Result<std::optional<std::string>> read(const std::string& path);
  // To be told by whoever moves the calling thread into another network namespace; `netns` is its inode.
  static void entered(ino_t netns);

  // How writing works here; for doctor. "direct" or "private procfs".
  std::string how() const { return readOnly_ ? "private procfs" : "direct"; }

 private:
  std::atomic<bool> readOnly_{false};  // /proc/sys, as it was found
};

// The parameters that vpclab manages in each namespace, but for those of its links: see kLinkParameters.
const std::vector<base::SharedString>& namespaceSysctls();
bool isManagedSysctl(const std::string& path);

}  // namespace vpclab::kernel
