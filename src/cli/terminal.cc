#include "cli/terminal.h"

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

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const std::string& phase, std::int64_t done, std::int64_t total) {
  if (!terminal_) {
    return;
  }
  std::fprintf(stderr, "\r\033[K%s %lld/%lld", phase.c_str(), static_cast<long long>(done),
               static_cast<long long>(total));
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
