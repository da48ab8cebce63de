#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::kernel {

// A procfs that is mounted nowhere (fsmount(2)); its root. Errors: kPermission without CAP_SYS_ADMIN.
base::Result<base::UniqueFd> makeProcfs();

// Through which procfs the parameters of a network namespace are looked at: always the same one, in which the kernel
// finds their names again instead of making them, and one for a few namespaces only. What was looked at through one
// procfs in all namespaces shares a chain of the kernel's cache of names (same parent, same name), so that each look-up
// takes as long as there are namespaces. Thread safe.
class ProcfsPool {
 public:
  using Root = std::shared_ptr<const base::UniqueFd>;

  // `netns`: the inode of the namespace, see namespaces(7). nullptr: the procfs at /proc does.
  Root of(ino_t netns);
  // Lets go of all of them, with what the kernel keeps of their names.
  void clear();

 private:
  std::mutex mutex_;
  std::unordered_map<ino_t, Root> places_;
  std::vector<Root> roots_;  // behind /proc, which takes in the first ones
};

// The process has one, as it has one /proc.
ProcfsPool& procfsPool();

}  // namespace vpclab::kernel
