#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace vpclab::daemon {

// How much of the daemon each user may take, so that none keeps the others from it; root may take all of it. Thread
// safe.
class PeerLimits {
 public:
  static constexpr std::size_t kMaxAtOnce = 8;    // requests of one user
  static constexpr std::size_t kMaxOfUsers = 24;  // of all but root, who so always finds a place
  static constexpr double kBurst = 60;
  static constexpr double kPerSecond = 20;

  // A request that is under way; ends with this object, which must not outlive the limits.
  class Place {
   public:
    Place(Place&& other) noexcept : limits_(std::exchange(other.limits_, nullptr)), uid_(other.uid_) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class PeerLimits;
    Place(PeerLimits* limits, uid_t uid) : limits_(limits), uid_(uid) {}
    PeerLimits* limits_;
    uid_t uid_;
  };

  // Errors: kBusy for too many at once, kLimit for too many a second.
  base::Result<Place> enter(uid_t uid, base::Clock::time_point now);

 private:
  struct User {
    std::size_t open = 0;
    double tokens = kBurst;
    base::Clock::time_point filled;
  };
  void leave(uid_t uid);
  void forgetIdle(base::Clock::time_point now);

  std::mutex mutex_;
  std::map<uid_t, User> users_;  // guarded by mutex_; those who have been here in the last seconds
  std::size_t open_ = 0;         // of all users; guarded by mutex_
};

}  // namespace vpclab::daemon
