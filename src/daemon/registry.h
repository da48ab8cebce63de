#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace vpclab::daemon {

// Who is doing what to which lab: one operation at a time for each. Thread safe.
class Registry {
 public:
  // The right to work on one lab; ends with this object.
  class Hold {
   public:
    Hold(Hold&& other) noexcept : registry_(std::exchange(other.registry_, nullptr)), lab_(std::move(other.lab_)) {}
    Hold& operator=(Hold&&) = delete;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();

   private:
    friend class Registry;
    Hold(Registry* registry, std::string lab) : registry_(registry), lab_(std::move(lab)) {}
    Registry* registry_;
    std::string lab_;
  };

  // Waits until the deadline for whoever has the lab. Errors: kBusy says who that is.
  base::Result<Hold> acquire(const std::string& lab, const std::string& verb, pid_t client, base::Deadline deadline);
  // Who works on the lab now, e.g. "`apply` by pid 17 since 12:00:05"; empty: nobody.
  std::string holder(const std::string& lab) const;
  // Whether somebody waits for whoever has the lab.
  bool isAwaited(const std::string& lab) const;
  // Ends the giving out of holds for good, unless somebody else than the caller (who has one, or none) works on
  // anything. Returns whether it did.
  bool close(std::size_t ownHolds);

 private:
  struct Work {
    std::string verb;
    pid_t client = 0;
    std::chrono::system_clock::time_point since;
    std::string describe() const;
  };
  void release(const std::string& lab);

  mutable std::mutex mutex_;
  std::condition_variable released_;
  std::map<std::string, Work> work_;
  std::map<std::string, std::size_t> waiting_;  // for how many the lab is to be let go of; none: no entry
  bool closed_ = false;
};

}  // namespace vpclab::daemon
