#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "check/job.h"

namespace vpclab::check {

// Whoever runs probes: ProbeClient, or a fake.
class ProbePort {
 public:
  virtual ~ProbePort() = default;
  // Starts the jobs; all jobs of all requests run at once. Their socket numbers index `sockets`.
  virtual base::Result<> submit(const std::vector<NumberedJob>& jobs, std::vector<base::UniqueFd> sockets,
                                base::Deadline deadline) = 0;
  // The next job that has finished; nullopt at the deadline.
  virtual base::Result<std::optional<NumberedReply>> wait(base::Deadline deadline) = 0;
};

}  // namespace vpclab::check
