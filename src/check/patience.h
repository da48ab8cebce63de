#pragma once

#include <chrono>

#include "check/job.h"

namespace vpclab::check {

// The job with time for answers that the lab's own lines delay: by `roundTrip` at most for a question and its answer.
// Without it a reachable target behind slow lines would read as an unreachable one. Never more than kMaxWait.
Job withPatience(Job job, std::chrono::milliseconds roundTrip);

// By how much it lets any job take longer, at most.
std::chrono::milliseconds longestPatience(std::chrono::milliseconds roundTrip);

}  // namespace vpclab::check
