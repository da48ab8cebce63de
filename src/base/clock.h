#pragma once

#include <algorithm>
#include <chrono>

namespace vpclab::base {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// A moment after which a wait gives up. Every wait in vpclab has one.
class Deadline {
 public:
  static Deadline after(Milliseconds span) { return Deadline(Clock::now() + span); }
  static Deadline at(Clock::time_point when) { return Deadline(when); }

  bool passed() const { return Clock::now() >= when_; }
  Clock::time_point when() const { return when_; }
  // What is left, rounded up so that a poll() with it does not spin; never negative.
  Milliseconds left() const {
    const auto now = Clock::now();
    return now >= when_ ? Milliseconds(0) : std::chrono::ceil<Milliseconds>(when_ - now);
  }
  // For poll(2) and epoll_wait(2).
  int pollTimeout() const { return static_cast<int>(std::min<Milliseconds::rep>(left().count(), 1'000'000'000)); }
  Deadline earlier(Deadline other) const { return when_ <= other.when_ ? *this : other; }

 private:
  explicit Deadline(Clock::time_point when) : when_(when) {}
  Clock::time_point when_;
};

}  // namespace vpclab::base
