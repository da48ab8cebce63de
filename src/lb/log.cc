#include "lb/log.h"

#include <array>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kMaxPending = 256 * 1024;

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
  pending_ += base::printable(text);
  pending_ += '\n';
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

std::string logTime(std::int64_t unixMs) {
  // By calendar arithmetic, not localtime(3), which reads files.
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_time<std::chrono::milliseconds> when{std::chrono::milliseconds(unixMs)};
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(when - day);
  // By hand: this is done for every request, and printf reads its format each time.
  std::string text;
  text.reserve(24);
  const auto number = [&text](std::int64_t value, std::int64_t unit, char end) {
    for (; unit > 0; unit /= 10) {
      text.push_back(static_cast<char>('0' + value / unit % 10));
    }
    if (end != '\0') {
      text.push_back(end);
    }
  };
  number(static_cast<unsigned>(date.day()), 10, '/');
  text.append(kMonths[static_cast<unsigned>(date.month()) - 1]).push_back('/');
  number(static_cast<int>(date.year()), 1000, ':');
  number(time.hours().count(), 10, ':');
  number(time.minutes().count(), 10, ':');
  number(time.seconds().count(), 10, '.');
  number(time.subseconds().count(), 100, '\0');
  return text;
}

}  // namespace vpclab::lb
