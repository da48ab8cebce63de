#include "daemon/background.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

namespace vpclab::daemon {

namespace {

// The parent's end: the child sends one byte when it is ready, or says why it is not. Does not return.
[[noreturn]] void waitForChild(int report) {
  std::string told;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = ::read(report, buffer.data(), buffer.size());
    if (n > 0) {
      told.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      break;
    }
  }
  if (told == "+") {
    ::_exit(0);
  }
  std::fprintf(stderr, "vpclabd: %s\n", told.empty() ? "it ended before it could serve" : told.c_str());
  ::_exit(1);
}

}  // namespace

base::Result<Background> Background::enter() {
  // A caller's lock or pipe would stay open for as long as there is a daemon.
  if (::syscall(SYS_close_range, static_cast<unsigned>(STDERR_FILENO) + 1, ~0U, 0U) != 0) {
    return base::failErrno("close the caller's descriptors");
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::failErrno("pipe");
  }
  base::UniqueFd reading(ends[0]);
  base::UniqueFd writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) {
    return base::failErrno("fork");
  }
  if (child > 0) {
    writing.reset();
    waitForChild(reading.get());
  }
  (void)::setsid();
  if (::chdir("/") != 0) {
    return base::failErrno("chdir /");
  }
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) {
    return base::failErrno("open /dev/null");
  }
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(null.get(), fd) < 0) {
      return base::failErrno("dup2");
    }
  }
  return Background(std::move(writing));
}

void Background::ready() {
  (void)base::writeAll(report_.get(), "+");
  report_.reset();
}

void Background::failed(const std::string& why) {
  (void)base::writeAll(report_.get(), why);
  report_.reset();
}

}  // namespace vpclab::daemon
