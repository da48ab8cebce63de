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

// How long after a look anew a backend that is down is checked at that pace, whatever the interval is: servers that
// start together with the balancer, and routes that come one by one, need a moment.
inline constexpr base::Milliseconds kEagerSpan{10'000};

// How long a router's word that a backend cannot be reached stands while it says nothing more: routers answer only so
// often (RFC 1812, section 4.3.2.8), Linux once a second for each address that asks.
inline constexpr base::Milliseconds kToldSpan{60'000};

// What a check has found: kUnreachable is a router's word, kSilence that nobody answered a SYN.
enum class Finding : std::uint8_t { kSuccess, kFailure, kUnreachable, kSilence };

// Turns check results into a state. Starts unknown and takes the first result; after that it takes `fall` failures in a
// row to go down and `rise` successes in a row to come up. One that has never been up is down only provisionally while
// it is eager: its first success brings it up.
class HealthState {
 public:
  Health health() const { return health_; }
  // It is new, or something has changed that decides whether it can be reached: eager from now on.
  void lookAnew(base::Clock::time_point now) {
    eagerUntil_ = now + kEagerSpan;
    toldUntil_ = {};
  }
  // Whether this tells more of why a backend is down than what was found before.
  bool explains(Finding finding, base::Clock::time_point now) {
    if (finding == Finding::kSilence && now < toldUntil_) {
      return false;
    }
    toldUntil_ = finding == Finding::kUnreachable ? now + kToldSpan : base::Clock::time_point();
    return true;
  }
  // Returns whether the state changed.
  bool record(bool success, const state::HealthCheck& check, base::Clock::time_point now) {
    if (health_ == Health::kUnknown) {
      return become(success);
    }
    if (success == (health_ == Health::kUp)) {
      against_ = 0;
      return false;
    }
    const bool provisional = success && !everUp_ && eager(now);
    if (!provisional && ++against_ < (success ? check.rise : check.fall)) {
      return false;
    }
    return become(success);
  }
  bool inTransition(base::Clock::time_point now) const {
    return health_ == Health::kUnknown || against_ > 0 || (health_ == Health::kDown && eager(now));
  }
  base::Milliseconds untilNext(const state::HealthCheck& check, base::Clock::time_point now) const {
    return inTransition(now) ? std::min(kTransitionInterval, check.interval) : check.interval;
  }

 private:
  bool eager(base::Clock::time_point now) const { return now < eagerUntil_; }
  bool become(bool up) {
    health_ = up ? Health::kUp : Health::kDown;
    everUp_ = everUp_ || up;
    against_ = 0;
    return true;
  }

  Health health_ = Health::kUnknown;
  bool everUp_ = false;
  std::uint32_t against_ = 0;             // results in a row that speak against the state
  base::Clock::time_point eagerUntil_{};  // the epoch: not eager
  base::Clock::time_point toldUntil_{};   // the epoch: no router has said anything
};

}  // namespace vpclab::lb
