#include "lb/log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kMuch = 16 * 1024;  // a pipe takes 64 KiB
constexpr base::Milliseconds kPause{10};

// By hand: printf reads its format each time.
char* writeDigits(char* at, std::int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) {
    at[i] = static_cast<char>('0' + value % 10);
  }
  return at + digits;
}

// By calendar arithmetic, not localtime(3), which reads files.
void writeSecond(char* at, std::chrono::sys_seconds second) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(second - day);
  at = writeDigits(at, static_cast<unsigned>(date.day()), 2);
  *at++ = '/';
  at = std::copy_n(kMonths.begin() + (static_cast<unsigned>(date.month()) - 1) * 3, 3, at);
  *at++ = '/';
  at = writeDigits(at, static_cast<int>(date.year()), 4);
  for (const auto part : {time.hours().count(), time.minutes().count(), time.seconds().count()}) {
    *at++ = ':';
    at = writeDigits(at, part, 2);
  }
  *at = '.';
}

}  // namespace

LogSink::LogSink(int fd) : fd_(fd) {
  struct stat status = {};
  if (::fstat(fd_, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))) {
    ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
  }
}

void LogSink::line(std::string_view text) {
  if (pending_.size() + text.size() + 1 > kMaxPending) {
    ++lost_;
    return;
  }
  if (base::isPlainAscii(text)) {
    pending_ += text;
  } else {
    pending_ += base::printable(text);
  }
  pending_ += '\n';
}

std::optional<base::Clock::time_point> LogSink::flushIfDue(base::Clock::time_point now) {
  if (pending_.empty()) {
    return std::nullopt;
  }
  if (pending_.size() < kMuch && now < flushedAt_ + kPause) {
    return flushedAt_ + kPause;
  }
  flushedAt_ = now;
  flush();
  return std::nullopt;  // what found no room is tried again in a later round
}

void LogSink::flush() {
  while (!pending_.empty()) {
    const ssize_t n = ::write(fd_, pending_.data(), pending_.size());
    if (n > 0) {
      pending_.erase(0, static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        pending_.clear();  // nobody reads it any more
      }
      return;
    }
  }
  if (lost_ > 0) {
    pending_ = std::to_string(lost_) + " log lines were lost because nobody read them in time\n";
    lost_ = 0;
  }
}

std::int64_t unixMilliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t LogClock::unixMilliseconds(base::Clock::time_point when, base::Clock::time_point now) {
  if (lookedUp_ == base::Clock::time_point() || now - lookedUp_ >= kLookUp) {
    apart_ = std::chrono::system_clock::now().time_since_epoch() - base::Clock::now().time_since_epoch();
    lookedUp_ = now;
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch() + apart_).count();
}

std::string_view LogClock::text(std::int64_t unixMs) {
  const std::chrono::sys_time<std::chrono::milliseconds> when{std::chrono::milliseconds(unixMs)};
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  if (second.time_since_epoch().count() != second_ || text_[0] == '\0') {
    second_ = second.time_since_epoch().count();
    writeSecond(text_.data(), second);
  }
  writeDigits(text_.data() + 21, (when - second).count(), 3);
  return {text_.data(), text_.size()};
}

}  // namespace vpclab::lb
