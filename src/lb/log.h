#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace vpclab::lb {

// Lines for a descriptor that may be a full pipe: written when the loop has time, never waited for. What finds no room
// is dropped and counted, and the count is told once there is room again.
class LogSink {
 public:
  // The descriptor stays the caller's. A pipe or socket is made non-blocking.
  explicit LogSink(int fd);
  void line(std::string_view text);
  void flush();
  // Flushes if nothing was written for a moment (10 ms), or there is much; else returns when to call again. So a line
  // now and then goes out at once, and under load hundreds of them share a system call.
  std::optional<base::Clock::time_point> flushIfDue(base::Clock::time_point now);

 private:
  int fd_;
  std::string pending_;
  base::Clock::time_point flushedAt_;
  std::uint64_t lost_ = 0;
};

// "22/Nov/2026:15:48:24.123", as HAProxy writes it, in UTC.
std::array<char, 24> logTime(std::int64_t unixMilliseconds);
std::int64_t unixMilliseconds();

}  // namespace vpclab::lb
