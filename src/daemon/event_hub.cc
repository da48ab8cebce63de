#include "daemon/event_hub.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

namespace vpclab::daemon {

namespace {

constexpr std::uint64_t kLastSecond = 253'402'300'799;  // of the year 9999

// Whole characters of UTF-8 only.
void shorten(std::string& text) {
  if (text.size() <= EventHub::kMaxText) {
    return;
  }
  std::size_t end = EventHub::kMaxText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  text.resize(end);
  text += "…";
}

}  // namespace

std::uint64_t unixMsNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

std::string timeText(std::uint64_t unixMs) {
  const auto seconds = static_cast<std::time_t>(std::min(unixMs / 1000, kLastSecond));
  std::tm parts{};
  std::array<char, 32> date{};
  std::array<char, 40> out{};
  ::gmtime_r(&seconds, &parts);
  (void)std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  (void)std::snprintf(out.data(), out.size(), "%s.%03uZ", date.data(), static_cast<unsigned>(unixMs % 1000));
  return out.data();
}

EventHub::Subscription EventHub::subscribe(std::string lab) {
  const std::lock_guard lock(mutex_);
  return {*this, readers_.insert(readers_.end(), Reader{std::move(lab), {}, 0})};
}

EventHub::Subscription::~Subscription() {
  const std::lock_guard lock(hub_.mutex_);
  hub_.readers_.erase(reader_);
}

std::vector<EventHub::Shared> EventHub::Subscription::take(base::Deadline deadline) {
  std::unique_lock lock(hub_.mutex_);
  hub_.arrived_.wait_until(lock, deadline.when(), [this] { return !reader_->queue.empty(); });
  std::vector<Shared> out(reader_->queue.begin(), reader_->queue.end());
  reader_->queue.clear();
  if (reader_->missed != 0) {
    api::Happening missed;
    missed.time = timeText(unixMsNow());
    missed.lab = reader_->lab;
    missed.what = "missed";
    missed.reason = "this reader was too slow";
    missed.count = std::exchange(reader_->missed, 0);
    out.push_back(std::make_shared<const api::Happening>(std::move(missed)));
  }
  return out;
}

bool EventHub::isFollowed() const {
  const std::lock_guard lock(mutex_);
  return !readers_.empty();
}

void EventHub::publish(api::Happening happening) {
  {
    const std::lock_guard lock(mutex_);
    if (readers_.empty()) {
      return;
    }
    for (std::string* text : {&happening.object, &happening.action, &happening.reason, &happening.result}) {
      shorten(*text);
    }
    happening.time = timeText(unixMsNow());
    const auto shared = std::make_shared<const api::Happening>(std::move(happening));
    for (auto& reader : readers_) {
      if (!reader.lab.empty() && reader.lab != shared->lab) {
        continue;
      }
      if (reader.queue.size() < kMaxQueued) {
        reader.queue.push_back(shared);
      } else {
        ++reader.missed;
      }
    }
  }
  arrived_.notify_all();
}

}  // namespace vpclab::daemon
