#include "daemon/registry.h"

#include <array>
#include <ctime>

namespace vpclab::daemon {

Registry::Hold::~Hold() {
  if (registry_ != nullptr) {
    registry_->release(lab_);
  }
}

std::string Registry::Work::describe() const {
  const std::time_t when = std::chrono::system_clock::to_time_t(since);
  std::tm local{};
  std::array<char, 16> text{};
  ::localtime_r(&when, &local);
  (void)std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return "`" + verb + "` by " + (client == 0 ? std::string("the daemon itself") : "pid " + std::to_string(client)) +
         " since " + text.data();
}

base::Result<Registry::Hold> Registry::acquire(const std::string& lab, const std::string& verb, pid_t client,
                                               base::Deadline deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (closed_) {
      return base::fail(base::ErrorKind::kCancelled, "the daemon is ending with its last lab; start it again");
    }
    const auto found = work_.find(lab);
    if (found == work_.end()) {
      work_[lab] = Work{verb, client, std::chrono::system_clock::now()};
      return Hold(this, lab);
    }
    if (deadline.passed()) {
      return base::fail(base::ErrorKind::kBusy, "lab " + lab + " is busy: " + found->second.describe());
    }
    ++waiting_[lab];
    released_.wait_until(lock, deadline.when());
    if (--waiting_[lab] == 0) {
      waiting_.erase(lab);
    }
  }
}

bool Registry::isAwaited(const std::string& lab) const {
  const std::lock_guard lock(mutex_);
  return waiting_.contains(lab);
}

std::string Registry::holder(const std::string& lab) const {
  const std::lock_guard lock(mutex_);
  const auto found = work_.find(lab);
  return found == work_.end() ? std::string() : found->second.describe();
}

bool Registry::close(std::size_t ownHolds) {
  const std::lock_guard lock(mutex_);
  if (work_.size() <= ownHolds) {
    closed_ = true;
  }
  return closed_;
}

void Registry::release(const std::string& lab) {
  {
    const std::lock_guard lock(mutex_);
    work_.erase(lab);
  }
  released_.notify_all();
}

}  // namespace vpclab::daemon
