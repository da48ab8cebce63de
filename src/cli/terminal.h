#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace vpclab::cli {

// Colours go only to a terminal, and never with NO_COLOR (https://no-color.org).
bool coloursOn(int fd);
std::string bold(const std::string& text, int fd);

// "12 s left", as far as what is done lets one tell; empty: too early, or done.
std::string timeLeft(std::chrono::milliseconds elapsed, std::int64_t done, std::int64_t total);

// One line on standard error that is written over and over; nothing at all where that is no terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const std::string& phase, std::int64_t done, std::int64_t total);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
  std::string phase_;
  std::chrono::steady_clock::time_point start_;  // of the phase
};

}  // namespace vpclab::cli
