#pragma once

#include <algorithm>

#include "base/clock.h"

namespace vpclab::keeper {

// How long to wait before a process that ended is started again: 100 ms, doubling to 10 s; from the beginning after it
// has run for 10 s.
class Backoff {
 public:
  static constexpr base::Milliseconds kFirst{100};
  static constexpr base::Milliseconds kLongest{10'000};
  static constexpr base::Milliseconds kStable{10'000};

  base::Milliseconds next(base::Milliseconds ranFor) {
    wait_ = wait_.count() == 0 || ranFor >= kStable ? kFirst : std::min(wait_ * 2, kLongest);
    return wait_;
  }

 private:
  base::Milliseconds wait_{0};
};

}  // namespace vpclab::keeper
