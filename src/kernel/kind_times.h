#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "state/key.h"

namespace vpclab::kernel {

// How long the threads were busy with objects of each kind, all threads added up: what several of them do at once is
// longer here than by the clock. What is read of links, bridges and the like together counts as veth pairs. Thread
// safe.
class KindTimes {
 public:
  void add(state::Kind kind, base::Clock::duration time, std::size_t objects = 0) {
    Each& each = each_.at(static_cast<std::size_t>(kind));
    each.nanoseconds.fetch_add(std::chrono::nanoseconds(time).count(), std::memory_order_relaxed);
    each.objects.fetch_add(objects, std::memory_order_relaxed);
  }
  double milliseconds(state::Kind kind) const {
    return static_cast<double>(each_.at(static_cast<std::size_t>(kind)).nanoseconds.load()) / 1e6;
  }
  std::size_t objects(state::Kind kind) const { return each_.at(static_cast<std::size_t>(kind)).objects.load(); }

  // Adds what passes until its end; nothing where `times` is nullptr.
  class Scope {
   public:
    Scope(KindTimes* times, state::Kind kind, std::size_t objects = 0)
        : times_(times), kind_(kind), objects_(objects), start_(base::Clock::now()) {}
    ~Scope() {
      if (times_ != nullptr) {
        times_->add(kind_, base::Clock::now() - start_, objects_);
      }
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    KindTimes* times_;
    state::Kind kind_;
    std::size_t objects_;
    base::Clock::time_point start_;
  };

 private:
  struct Each {
    std::atomic<std::int64_t> nanoseconds{0};
    std::atomic<std::size_t> objects{0};
  };
  std::array<Each, state::kKindCount> each_;
};

}  // namespace vpclab::kernel
