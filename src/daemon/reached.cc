#include "daemon/reached.h"

#include <utility>

namespace vpclab::daemon {

namespace {

// Objects; a server has about 20.
constexpr std::size_t kFew = 1'000;
constexpr std::size_t kMost = 50'000;

}  // namespace

std::shared_ptr<const Desired> Reached::of(const std::string& lab) const {
  const std::lock_guard lock(mutex_);
  const auto found = labs_.find(lab);
  return found == labs_.end() ? nullptr : found->second;
}

void Reached::set(const std::string& lab, std::shared_ptr<const Desired> desired) {
  const std::size_t objects = desired->compiled.desired.entries().size();
  if (objects < kFew || objects > kMost) {
    forget(lab);
    return;
  }
  const std::lock_guard lock(mutex_);
  labs_[lab].swap(desired);  // what was there ends with `desired`, behind the lock
}

void Reached::forget(const std::string& lab) {
  std::shared_ptr<const Desired> last;
  const std::lock_guard lock(mutex_);
  if (const auto found = labs_.find(lab); found != labs_.end()) {
    last = std::move(found->second);
    labs_.erase(found);
  }
}

}  // namespace vpclab::daemon
