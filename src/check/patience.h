#pragma once

#include <chrono>
#include <cstdint>

#include "check/job.h"

namespace vpclab::check {

// The job with time for answers that the lab's lines delay: by `roundTrip` at most for a question and its answer.
// Without it a reachable target behind slow lines would read as an unreachable one. Never more than kMaxWait.
Job withPatience(Job job, std::chrono::milliseconds roundTrip);

// By how much it lets any job take longer, at most.
std::chrono::milliseconds longestPatience(std::chrono::milliseconds roundTrip);

// How many times a sweep asks, where the lab's lines lose a request or its answer with this chance: so often that
// all of them get lost once in a billion pairs at most, twice in any case, and no more than kMaxSweepTries.
std::uint32_t triesFor(double loss);

}  // namespace vpclab::check
