#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::keeper {

// An epoll(7) loop with timers, for one thread. A handler may remove itself, others, or add new ones while it runs.
class Loop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;
  using TimerId = std::uint64_t;  // 0: none

  static base::Result<Loop> make();

  // The descriptor stays the caller's, who removes it before closing it.
  base::Result<> watch(int fd, std::uint32_t events, Handler handler);
  void change(int fd, std::uint32_t events);
  void forget(int fd);

  TimerId at(base::Clock::time_point when, std::function<void()> action);
  TimerId after(base::Milliseconds span, std::function<void()> action) {
    return at(base::Clock::now() + span, std::move(action));
  }
  void cancel(TimerId id);

  void stop() { stopped_ = true; }
  // Runs until stop().
  base::Result<> run();

 private:
  explicit Loop(base::UniqueFd epoll) : epoll_(std::move(epoll)) {}
  void runTimers();
  int waitTime() const;

  struct Watch {
    std::uint32_t generation = 0;  // tells a descriptor's number from its next use
    std::shared_ptr<Handler> handler;
  };
  using TimerKey = std::pair<base::Clock::time_point, TimerId>;

  base::UniqueFd epoll_;
  std::map<int, Watch> watches_;
  std::map<TimerKey, std::function<void()>> timers_;
  std::map<TimerId, base::Clock::time_point> timerTimes_;
  std::uint32_t nextGeneration_ = 1;
  TimerId nextTimer_ = 1;
  bool stopped_ = false;
};

}  // namespace vpclab::keeper
