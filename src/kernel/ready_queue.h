#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace vpclab::kernel {

// In which order jobs are taken of which some wait for others. Those that wait for nothing come first, in their order,
// so that a single thread that takes and does them all never waits. Thread safe.
class ReadyQueue {
 public:
  // For each job how many releases it waits for.
  explicit ReadyQueue(std::vector<std::size_t> waits);

  // What a job has waited for is there.
  void release(std::size_t job) noexcept;
  // Each job once; call it as often as there are jobs. Blocks until one is ready: somebody who has taken one before
  // must be about to release another.
  std::size_t take();

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  std::vector<std::size_t> waits_;
  std::vector<std::size_t> ready_;  // in the order of becoming so; has room for all
  std::size_t next_ = 0;            // to be taken
};

}  // namespace vpclab::kernel
