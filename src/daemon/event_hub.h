#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/event.h"
#include "base/clock.h"

namespace vpclab::daemon {

// Hands on what happens to those who follow it. Whoever publishes never waits for them: of a reader that is too slow
// the newest happenings are counted instead of kept. Thread safe.
class EventHub {
 private:
  struct Reader;

 public:
  // A large lab's apply, while its reader is looked at for the first time. The readers share the happenings' memory.
  static constexpr std::size_t kMaxQueued = 8192;
  static constexpr std::size_t kMaxText = 1024;  // of each text of a happening

  using Shared = std::shared_ptr<const api::Happening>;

  // One reader; ends with this object, which must not outlive the hub. For one thread.
  class Subscription {
   public:
    Subscription(Subscription&&) = delete;
    ~Subscription();
    // All that has come since the last time, or comes before the deadline. Where some of it could not be kept, the last
    // one is a "missed": what was not kept came after all others.
    std::vector<Shared> take(base::Deadline deadline);

   private:
    friend class EventHub;
    Subscription(EventHub& hub, std::list<Reader>::iterator reader) : hub_(hub), reader_(reader) {}
    EventHub& hub_;
    std::list<Reader>::iterator reader_;
  };

  // Of one lab, or of all where `lab` is empty.
  Subscription subscribe(std::string lab);
  // Whether anybody would get what is published now.
  bool isFollowed() const;
  // Fills in the time.
  void publish(api::Happening happening);

 private:
  struct Reader {
    std::string lab;
    std::deque<Shared> queue;
    std::int64_t missed = 0;
  };

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::list<Reader> readers_;  // guarded by mutex_
};

// "2026-11-25T08:31:07.123Z"
std::string timeText(std::uint64_t unixMs);
std::uint64_t unixMsNow();

}  // namespace vpclab::daemon
