#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vpclab::lb {

// Lines for a descriptor that may be a full pipe: written when the loop has time, never waited for. What finds no room
// is dropped and counted, and the count is told once there is room again.
class LogSink {
 public:
  // The descriptor stays the caller's. A pipe or socket is made non-blocking.
  explicit LogSink(int fd);
  void line(std::string_view text);
  void flush();

 private:
  int fd_;
  std::string pending_;
  std::uint64_t lost_ = 0;
};

// "22/Nov/2026:15:48:24.123", as HAProxy writes it, in UTC.
std::string logTime(std::int64_t unixMilliseconds);
std::int64_t unixMilliseconds();

}  // namespace vpclab::lb
