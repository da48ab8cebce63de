#include "cli/terminal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace vpclab::cli {

bool coloursOn(int fd) {
  const char* noColor = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return ::isatty(fd) == 1 && (noColor == nullptr || *noColor == '\0') &&
         (term == nullptr || std::string(term) != "dumb");
}

std::string bold(const std::string& text, int fd) {
  return coloursOn(fd) ? "\033[1m" + text + "\033[0m" : text;
}

std::string timeLeft(std::chrono::milliseconds elapsed, std::int64_t done, std::int64_t total) {
  if (elapsed < std::chrono::seconds(1) || done <= 0 || done >= total) {
    return {};
  }
  const double left =
      static_cast<double>(elapsed.count()) / 1000 / static_cast<double>(done) * static_cast<double>(total - done);
  const auto seconds = static_cast<std::int64_t>(std::min(std::ceil(left), 359'999.0));
  return seconds < 60 ? std::to_string(seconds) + " s left"
                      : std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s left";
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const std::string& phase, std::int64_t done, std::int64_t total) {
  if (!terminal_) {
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (phase != phase_) {
    phase_ = phase;
    start_ = now;
  }
  const auto left = timeLeft(std::chrono::duration_cast<std::chrono::milliseconds>(now - start_), done, total);
  std::fprintf(stderr, "\r\033[K%s %lld/%lld%s%s", phase.c_str(), static_cast<long long>(done),
               static_cast<long long>(total), left.empty() ? "" : ", ", left.c_str());
  std::fflush(stderr);
  shown_ = true;
}

void ProgressLine::clear() {
  if (shown_) {
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
    shown_ = false;
  }
}

}  // namespace vpclab::cli
