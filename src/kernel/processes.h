#pragma once

#include <future>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "keeper/client.h"
#include "kernel/system.h"
#include "plan/plan.h"

namespace vpclab::kernel {

// The way to the labs' keepers. Thread safe.
class Keepers {
 public:
  explicit Keepers(const Options& options) : options_(options) {}

  // Starts the lab's keeper in the background, so that it is there when it is needed. Where that fails, connect() tries
  // again, and says why it cannot.
  void startEarly(const std::string& lab);
  // Waits for what startEarly() began, until the deadline.
  void settle(base::Deadline deadline);

  // The lab's keeper, started if need be.
  base::Result<keeper::Client> connect(const std::string& lab, base::Deadline deadline);
  // Errors: kNotFound where none runs.
  base::Result<keeper::Client> find(const std::string& lab, base::Deadline deadline) const;

  // A step about a process.
  base::Result<> execute(const std::string& lab, const plan::Step& step, base::Deadline deadline);
  // What the keeper keeps; empty where none runs.
  base::Result<keeper::Listing> list(const std::string& lab, base::Deadline deadline) const;

 private:
  const Options options_;
  std::timed_mutex starting_;  // two starts at once would only wait for each other
  std::mutex earlyMutex_;
  std::future<void> early_;
};

}  // namespace vpclab::kernel
