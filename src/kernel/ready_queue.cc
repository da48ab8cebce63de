#include "kernel/ready_queue.h"

#include <utility>

namespace vpclab::kernel {

ReadyQueue::ReadyQueue(std::vector<std::size_t> waits) : waits_(std::move(waits)) {
  for (std::size_t job = 0; job < waits_.size(); ++job) {
    if (waits_[job] == 0) {
      ready_.push(job);
    }
  }
}

void ReadyQueue::release(std::size_t job) {
  {
    const std::lock_guard lock(mutex_);
    if (--waits_[job] != 0) {
      return;
    }
    ready_.push(job);
  }
  released_.notify_one();
}

std::size_t ReadyQueue::take() {
  std::unique_lock lock(mutex_);
  released_.wait(lock, [this] { return !ready_.empty(); });
  const std::size_t job = ready_.front();
  ready_.pop();
  return job;
}

}  // namespace vpclab::kernel
