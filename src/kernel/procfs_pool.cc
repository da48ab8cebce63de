#include "kernel/procfs_pool.h"

#include <utility>

#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vpclab::kernel {

namespace {

// Few, so that look-ups are quick; but so many procfs at most, each of which is a descriptor. Then they take in more.
constexpr std::size_t kNamespacesEach = 8;
constexpr std::size_t kMaxRoots = 256;
// More than a host has of them; those that are gone are not missed here.
constexpr std::size_t kMaxPlaces = 1U << 16U;

}  // namespace

base::Result<base::UniqueFd> makeProcfs() {
  const base::UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC)));
  if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return base::failErrno("mounting another procfs needs CAP_SYS_ADMIN");
  }
  base::UniqueFd root(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!root) {
    return base::failErrno("mounting another procfs needs CAP_SYS_ADMIN");
  }
  return root;
}

ProcfsPool::Root ProcfsPool::of(ino_t netns) {
  const std::lock_guard lock(mutex_);
  if (const auto known = places_.find(netns); known != places_.end()) {
    return known->second;
  }
  if (places_.size() >= kMaxPlaces) {
    places_.clear();
    roots_.clear();
  }
  const std::size_t full = places_.size() / kNamespacesEach;
  if (full > roots_.size() && roots_.size() < kMaxRoots) {
    if (auto made = makeProcfs()) {  // else those that are there do as well, only slower
      roots_.push_back(std::make_shared<const base::UniqueFd>(std::move(*made)));
    }
  }
  const bool isFirst = full == 0 || roots_.empty();
  return places_[netns] = isFirst ? nullptr : roots_[(full - 1) % roots_.size()];
}

void ProcfsPool::clear() {
  std::unordered_map<ino_t, Root> places;  // they are closed without the lock
  std::vector<Root> roots;
  const std::lock_guard lock(mutex_);
  places.swap(places_);
  roots.swap(roots_);
}

ProcfsPool& procfsPool() {
  static ProcfsPool pool;
  return pool;
}

}  // namespace vpclab::kernel
