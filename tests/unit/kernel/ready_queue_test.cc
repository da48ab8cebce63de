#include "kernel/ready_queue.h"

#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using vpclab::kernel::ReadyQueue;

TEST_CASE("what waits for nothing comes first, in its order; the rest when it has been released as often as it waits") {
  ReadyQueue queue({2, 0, 1, 0});
  CHECK(queue.take() == 1);
  CHECK(queue.take() == 3);
  queue.release(0);
  queue.release(2);
  CHECK(queue.take() == 2);
  queue.release(0);
  CHECK(queue.take() == 0);
}

TEST_CASE("who waits for a job gets it when another thread releases it, and each is taken once") {
  constexpr std::size_t kFollowers = 100;
  std::vector<std::size_t> waits(1 + kFollowers, 1);
  waits[0] = 0;
  ReadyQueue queue(waits);
  std::vector<std::atomic<int>> taken(waits.size());
  std::atomic<std::size_t> left{waits.size()};
  const auto work = [&] {
    while (left.fetch_sub(1) - 1 < waits.size()) {  // until it is below zero
      const std::size_t job = queue.take();
      ++taken[job];
      for (std::size_t i = 1; job == 0 && i < waits.size(); ++i) {
        queue.release(i);
      }
    }
  };
  std::thread other(work);
  work();
  other.join();
  for (const auto& times : taken) {
    CHECK(times == 1);
  }
}
