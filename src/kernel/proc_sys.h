#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::kernel {

// Kernel parameters of the calling thread's network namespace: /proc/sys/net shows each thread its own. Where /proc/sys
// is read-only (privileged containers), writing goes through a procfs of our own that is mounted nowhere (fsmount(2)).
// Thread safe.
class ProcSys {
 public:
  // Errors: kInvalid for a path outside net/.
  base::Result<> write(const std::string& path, const std::string& value);
  // nullopt: this kernel or this namespace has no such parameter.
  static base::Result<std::optional<std::string>> read(const std::string& path);

  // How writing works here; for doctor. "direct" or "private procfs".
  std::string how() const;

 private:
  base::Result<int> privateRoot();

  mutable std::mutex mutex_;
  base::UniqueFd private_;  // the root of our own procfs, once it was needed
};

// The parameters that vpclab manages, in a namespace with these interfaces: all that the observer reads.
std::vector<std::string> managedSysctls(const std::vector<std::string>& interfaces);
bool isManagedSysctl(const std::string& path);

}  // namespace vpclab::kernel
