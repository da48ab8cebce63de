#include "lb/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>

namespace vpclab::lb {

using base::Clock;
using base::Milliseconds;

void Timer::startAt(Clock::time_point when) {
  stop();
  tick_ = loop_.tickOf(when) + 1;  // never early
  loop_.link(*this);
}

void Timer::startIn(Milliseconds span) {
  startAt(loop_.now() + span);
}

void Timer::stop() {
  if (slot_ >= 0) {
    loop_.unlink(*this);
  }
}

base::Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) {
    return base::failErrno("epoll_create1");
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll)));
}

EventLoop::EventLoop(base::UniqueFd epoll) : epoll_(std::move(epoll)), start_(Clock::now()), now_(start_) {}

base::Result<> EventLoop::add(int fd, std::uint32_t events, EventHandler* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return base::failErrno("epoll_ctl add");
  }
  return {};
}

void EventLoop::change(int fd, std::uint32_t events, EventHandler* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::int64_t EventLoop::tickOf(Clock::time_point when) const {
  return (when - start_) / kTick;
}

void EventLoop::link(Timer& timer) {
  timer.tick_ = std::max(timer.tick_, tick_ + 1);
  timer.slot_ = static_cast<int>(timer.tick_ % kSlots);
  timer.previous_ = nullptr;
  timer.next_ = wheel_[timer.slot_];
  if (timer.next_ != nullptr) {
    timer.next_->previous_ = &timer;
  }
  wheel_[timer.slot_] = &timer;
  nothing_ = std::min(nothing_, tick_ + (timer.tick_ - tick_ - 1) % kSlots);
}

void EventLoop::unlink(Timer& timer) {
  (timer.previous_ != nullptr ? timer.previous_->next_ : wheel_[timer.slot_]) = timer.next_;
  if (timer.next_ != nullptr) {
    timer.next_->previous_ = timer.previous_;
  }
  timer.previous_ = timer.next_ = nullptr;
  timer.slot_ = -1;
}

// A timer far away wakes the loop once per turn of the wheel (10 s), which does no harm.
int EventLoop::timeoutTo(Milliseconds limit) {
  if (!soon_.empty()) {
    return 0;
  }
  const std::int64_t last = tick_ + kSlots;
  for (nothing_ = std::max(nothing_, tick_); nothing_ < last; ++nothing_) {
    if (wheel_[(nothing_ + 1) % kSlots] != nullptr) {
      const auto due = start_ + kTick * (nothing_ + 1);
      const auto left = std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(due - Clock::now()));
      return static_cast<int>(std::min(limit, left).count());
    }
  }
  return static_cast<int>(limit.count());
}

void EventLoop::fireTimers() {
  const std::int64_t until = tickOf(now_);
  const std::int64_t first = std::max(tick_ + 1, until - kSlots + 1);
  for (std::int64_t tick = first; tick <= until; ++tick) {
    tick_ = tick;
    // A function may start and stop any timer, so the list is looked at anew after each; what it starts is due later.
    for (bool again = true; again;) {
      again = false;
      for (Timer* timer = wheel_[tick % kSlots]; timer != nullptr; timer = timer->next_) {
        if (timer->tick_ <= tick) {
          unlink(*timer);
          timer->function_();
          again = true;
          break;
        }
      }
    }
  }
  tick_ = std::max(tick_, until);
}

// What they ask for in turn is for the next round, which then does not wait.
void EventLoop::callSoon() {
  const std::vector<std::function<void()>> functions = std::exchange(soon_, {});
  for (const auto& function : functions) {
    function();
  }
}

base::Result<> EventLoop::runOnce(Milliseconds limit) {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeoutTo(limit));
  if (count < 0 && errno != EINTR) {
    return base::failErrno("epoll_wait");
  }
  now_ = Clock::now();
  for (int i = 0; i < count; ++i) {
    static_cast<EventHandler*>(events[i].data.ptr)->onEvents(events[i].events);
  }
  fireTimers();
  callSoon();
  graveyard_.clear();
  if (afterRound_) {
    afterRound_();
  }
  return {};
}

}  // namespace vpclab::lb
