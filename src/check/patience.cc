#include "check/patience.h"

#include <algorithm>

namespace vpclab::check {

namespace {

using std::chrono::milliseconds;

// How many round trips a job may need one after the other, beside those that carry what is measured.
constexpr int kOfConnection = 1;  // SYN and its answer, tcp(7)
constexpr int kOfRequest = 4;     // the connection, the request, and a slow start of the answer (RFC 5681)
constexpr int kOfStream = 4;
constexpr int kOfCount = 6;  // hello, then in each direction what is still on its way, waited for twice as long
constexpr int kMost = std::max({kOfConnection, kOfRequest, kOfStream, kOfCount});

constexpr double kFalseMiss = 1e-9;

void extend(milliseconds& time, milliseconds by) {
  time = std::min(time + by, kMaxWait);
}

struct Patience {
  milliseconds roundTrip;

  void operator()(PingJob& job) const {
    extend(job.timeout, roundTrip);
    if (!job.untilAnswered) {
      extend(job.deadline, roundTrip);  // all its requests are to have their time; else it ends when it ends
    }
  }
  void operator()(PathJob& job) const { extend(job.timeout, roundTrip); }
  void operator()(HttpJob& job) const {
    const auto needed = roundTrip * (job.connectOnly ? kOfConnection : kOfRequest);
    extend(job.timeout, needed);
    extend(job.deadline, needed);
  }
  void operator()(StreamJob& job) const { extend(job.deadline, roundTrip * kOfStream); }
  void operator()(CountJob& job) const { extend(job.deadline, roundTrip * kOfCount); }
  void operator()(SweepJob& job) const {
    extend(job.timeout, roundTrip);
    extend(job.deadline, roundTrip);
  }
};

}  // namespace

Job withPatience(Job job, milliseconds roundTrip) {
  std::visit(Patience{std::min(roundTrip, kMaxWait)}, job);
  return job;
}

std::uint32_t triesFor(double loss) {
  constexpr std::uint32_t kFewest = 2;  // a moment's reason may be none of the lab's
  if (loss >= 1) {
    return kFewest;  // no number of them helps
  }
  std::uint32_t tries = 1;
  for (double lost = loss; (lost > kFalseMiss || tries < kFewest) && tries < kMaxSweepTries; lost *= loss) {
    ++tries;
  }
  return tries;
}

milliseconds longestPatience(milliseconds roundTrip) {
  return std::min(roundTrip, kMaxWait) * kMost;
}

}  // namespace vpclab::check
