#pragma once

#include <optional>
#include <vector>

#include <poll.h>

#include "base/clock.h"
#include "check/job.h"

namespace vpclab::check {

using TimePoint = base::Clock::time_point;

inline double millisecondsBetween(TimePoint from, TimePoint to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// A job in progress inside the probe worker's loop. Never waits: it says what it waits for.
class Task {
 public:
  virtual ~Task() = default;
  // Does all that can be done without waiting. Called first when the task starts, then when a descriptor that it wishes
  // for is ready or wakeAt() has come. Returns the reply once there is one; it is not called again then.
  virtual std::optional<Reply> step(TimePoint now) = 0;
  virtual void wishes(std::vector<pollfd>& out) const = 0;
  virtual TimePoint wakeAt() const = 0;
};

}  // namespace vpclab::check
