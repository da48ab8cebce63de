#include "keeper/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/epoll.h>

namespace vpclab::keeper {

namespace {

std::uint64_t tagOf(int fd, std::uint32_t generation) {
  return static_cast<std::uint64_t>(generation) << 32U | static_cast<std::uint32_t>(fd);
}

}  // namespace

base::Result<Loop> Loop::make() {
  base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) {
    return base::failErrno("open an epoll instance");
  }
  return Loop(std::move(epoll));
}

base::Result<> Loop::watch(int fd, std::uint32_t events, Handler handler) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tagOf(fd, nextGeneration_);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return base::failErrno("watch a descriptor");
  }
  watches_[fd] = Watch{nextGeneration_++, std::make_shared<Handler>(std::move(handler))};
  return {};
}

void Loop::change(int fd, std::uint32_t events) {
  const auto found = watches_.find(fd);
  if (found != watches_.end()) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tagOf(fd, found->second.generation);
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  }
}

void Loop::forget(int fd) {
  if (watches_.erase(fd) != 0) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
}

Loop::TimerId Loop::at(base::Clock::time_point when, std::function<void()> action) {
  const TimerId id = nextTimer_++;
  timers_.emplace(TimerKey(when, id), std::move(action));
  timerTimes_.emplace(id, when);
  return id;
}

void Loop::cancel(TimerId id) {
  const auto found = timerTimes_.find(id);
  if (found != timerTimes_.end()) {
    timers_.erase(TimerKey(found->second, id));
    timerTimes_.erase(found);
  }
}

void Loop::runTimers() {
  const auto now = base::Clock::now();
  while (!stopped_ && !timers_.empty() && timers_.begin()->first.first <= now) {
    const auto action = std::move(timers_.begin()->second);
    timerTimes_.erase(timers_.begin()->first.second);
    timers_.erase(timers_.begin());
    action();
  }
}

int Loop::waitTime() const {
  return timers_.empty() ? -1 : base::Deadline::at(timers_.begin()->first.first).pollTimeout();
}

base::Result<> Loop::run() {
  std::array<epoll_event, 64> events{};
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), waitTime());
    if (count < 0 && errno != EINTR) {
      return base::failErrno("wait for events");
    }
    for (int i = 0; i < count && !stopped_; ++i) {
      const auto& event = events.at(static_cast<std::size_t>(i));
      const auto found = watches_.find(static_cast<int>(event.data.u64 & UINT32_MAX));
      if (found != watches_.end() && found->second.generation == event.data.u64 >> 32U) {
        const auto handler = found->second.handler;  // it may remove itself
        (*handler)(event.events);
      }
    }
    runTimers();
  }
  return {};
}

}  // namespace vpclab::keeper
