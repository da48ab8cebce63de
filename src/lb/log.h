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
  // A line that is written where it waits: `write` gets room for `most` bytes of printable ASCII and returns their end.
  template <class Write>
  void lineInPlace(std::size_t most, const Write& write) {
    const std::size_t begin = pending_.size();
    if (begin + most + 1 > kMaxPending) {
      ++lost_;
      return;
    }
    pending_.resize(begin + most + 1);
    char* const end = write(pending_.data() + begin);
    *end = '\n';
    pending_.resize(static_cast<std::size_t>(end + 1 - pending_.data()));
  }
  void flush();
  // Flushes if nothing was written for a moment (10 ms), or there is much; else returns when to call again. So a line
  // now and then goes out at once, and under load hundreds of them share a system call.
  std::optional<base::Clock::time_point> flushIfDue(base::Clock::time_point now);

 private:
  static constexpr std::size_t kMaxPending = 256 * 1024;

  int fd_;
  std::string pending_;
  base::Clock::time_point flushedAt_;
  std::uint64_t lost_ = 0;
};

std::int64_t unixMilliseconds();

// The wall clock for lines of a log, of which thousands share a second.
class LogClock {
 public:
  // Unix time, in milliseconds, of a moment of the loop's clock that is not after `now`. How far the clocks are apart
  // is looked up ten times a second, because the wall clock may be set.
  std::int64_t unixMilliseconds(base::Clock::time_point when, base::Clock::time_point now);
  // "22/Nov/2026:15:48:24.123", as HAProxy writes it, in UTC; until the next call.
  std::string_view text(std::int64_t unixMilliseconds);

 private:
  static constexpr base::Milliseconds kLookUp{100};

  base::Clock::time_point lookedUp_;
  std::chrono::nanoseconds apart_{};
  std::int64_t second_ = 0;  // Unix time, of text_
  std::array<char, 24> text_{};
};

}  // namespace vpclab::lb
