#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::lb {

class EventLoop;

// Gets the epoll(7) events of one descriptor.
class EventHandler {
 public:
  virtual ~EventHandler() = default;
  virtual void onEvents(std::uint32_t events) = 0;
};

// Calls its function once at its time, at most one tick (10 ms) late. Setting, moving and stopping cost nothing but two
// pointers: it hangs in a wheel of the loop, which has to outlive it.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> function) : loop_(loop), function_(std::move(function)) {}
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void startAt(base::Clock::time_point when);
  void startIn(base::Milliseconds span);
  void stop();
  bool running() const { return slot_ >= 0; }

 private:
  friend class EventLoop;
  EventLoop& loop_;
  std::function<void()> function_;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  std::int64_t tick_ = 0;  // when it is due
  int slot_ = -1;
};

// One thread's epoll loop with timers. Not thread-safe.
class EventLoop {
 public:
  static base::Result<std::unique_ptr<EventLoop>> create();

  // `events` as for epoll_ctl(2), edge-triggered if the caller says so. The handler stays the caller's.
  base::Result<> add(int fd, std::uint32_t events, EventHandler* handler);
  void change(int fd, std::uint32_t events, EventHandler* handler);
  void remove(int fd);
  // Keeps an object alive until no event of the current round can reach it any more.
  void dispose(std::shared_ptr<void> object) { graveyard_.push_back(std::move(object)); }
  // Calls the function in this round, when all that has happened is handled: for what must not happen from within.
  void soon(std::function<void()> function) { soon_.push_back(std::move(function)); }
  // Called once after each round, e.g. to flush a log.
  void afterRound(std::function<void()> function) { afterRound_ = std::move(function); }

  // The time at the start of this round.
  base::Clock::time_point now() const { return now_; }
  // Handles what has happened, or waits for it, at most until `limit`.
  base::Result<> runOnce(base::Milliseconds limit);

 private:
  friend class Timer;
  static constexpr int kSlots = 1024;
  static constexpr base::Milliseconds kTick{10};

  explicit EventLoop(base::UniqueFd epoll);
  std::int64_t tickOf(base::Clock::time_point when) const;
  int timeoutTo(base::Milliseconds limit);
  void fireTimers();
  void callSoon();
  void link(Timer& timer);
  void unlink(Timer& timer);

  base::UniqueFd epoll_;
  base::Clock::time_point start_;
  base::Clock::time_point now_;
  std::int64_t tick_ = 0;     // fired up to here
  std::int64_t nothing_ = 0;  // up to here, if that is further, no slot has a timer
  std::array<Timer*, kSlots> wheel_{};
  std::vector<std::shared_ptr<void>> graveyard_;
  std::vector<std::function<void()>> soon_;
  std::function<void()> afterRound_;
};

}  // namespace vpclab::lb
