#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"

namespace vpclab::daemon {

// When a lab that broke is healed: at once the first time, then after pauses that double from kFirstPause to
// kLongestPause, from the beginning again once it has stayed well for kForgiveAfter.
class HealSchedule {
 public:
  using Time = base::Clock::time_point;
  static constexpr base::Milliseconds kFirstPause{500};
  static constexpr base::Milliseconds kLongestPause{60'000};
  static constexpr std::chrono::minutes kForgiveAfter{5};

  // Something of the lab has ended. Of several ends before it is healed the first one counts.
  void broke(Time now) {
    if (!begunAt_ || now - *begunAt_ > kForgiveAfter) {
      pause_ = base::Milliseconds(0);
    }
    if (!due_) {
      due_ = now + pause_;
    }
  }
  // It is being healed, and whatever broke until now with it.
  void begin(Time now) {
    due_.reset();
    begunAt_ = now;
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  }
  void failed(Time now) { due_ = now + pause_; }
  // Somebody else has applied it.
  void applied() { due_.reset(); }

  std::optional<Time> due() const { return due_; }
  bool isDue(Time now) const { return due_ && *due_ <= now; }

 private:
  std::optional<Time> due_;
  std::optional<Time> begunAt_;  // the last attempt
  base::Milliseconds pause_{0};  // before the next one
};

}  // namespace vpclab::daemon
