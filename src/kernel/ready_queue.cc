#include "kernel/ready_queue.h"

#include <utility>

namespace vpclab::kernel {

ReadyQueue::ReadyQueue(std::vector<std::size_t> waits) : waits_(std::move(waits)) {
  ready_.reserve(waits_.size());
  for (std::size_t job = 0; job < waits_.size(); ++job) {
    if (waits_[job] == 0) {
      ready_.push_back(job);
    }
  }
}

void ReadyQueue::release(std::size_t job) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (--waits_[job] != 0) {
      return;
    }
    ready_.push_back(job);
  }
  released_.notify_one();
}

std::size_t ReadyQueue::take() {
  std::unique_lock lock(mutex_);
  released_.wait(lock, [this] { return next_ < ready_.size(); });
  return ready_[next_++];
}

}  // namespace vpclab::kernel
