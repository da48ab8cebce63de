#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "lb/balance.h"
#include "state/process.h"

namespace vpclab::lb {

// How often a state that is about to change is looked at: a transition takes rise or fall times this, whatever the
// interval is.
inline constexpr base::Milliseconds kTransitionInterval{200};

// Turns check results into a state. Starts unknown and takes the first result; after that it takes `fall` failures in a
// row to go down and `rise` successes in a row to come up.
class HealthState {
 public:
  Health health() const { return health_; }
  // Returns whether the state changed.
  bool record(bool success, const state::HealthCheck& check) {
    if (health_ == Health::kUnknown) {
      health_ = success ? Health::kUp : Health::kDown;
      against_ = 0;
      return true;
    }
    if (success == (health_ == Health::kUp)) {
      against_ = 0;
      return false;
    }
    if (++against_ < (success ? check.rise : check.fall)) {
      return false;
    }
    health_ = success ? Health::kUp : Health::kDown;
    against_ = 0;
    return true;
  }
  bool inTransition() const { return health_ == Health::kUnknown || against_ > 0; }
  base::Milliseconds untilNext(const state::HealthCheck& check) const {
    return inTransition() ? std::min(kTransitionInterval, check.interval) : check.interval;
  }

 private:
  Health health_ = Health::kUnknown;
  std::uint32_t against_ = 0;  // results in a row that speak against the state
};

}  // namespace vpclab::lb
