#include "unit/cli/run_cli.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <doctest/doctest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "cli/verb.h"

namespace vpclab::tests {

namespace {

constexpr base::Milliseconds kLongest{20'000};

struct Channel {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};

Channel makeChannel(Output output) {
  std::array<int, 2> ends{-1, -1};
  if (output == Output::kPipe) {
    REQUIRE(::pipe(ends.data()) == 0);
  } else {
    termios raw{};
    ::cfmakeraw(&raw);  // no line feed becomes two characters
    REQUIRE(::openpty(&ends[0], &ends[1], nullptr, &raw, nullptr) == 0);
  }
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

[[noreturn]] void child(const std::vector<std::string>& arguments, const Channel& out, const Channel& err,
                        const std::map<std::string, std::string>& environment) {
  (void)::dup2(out.theirs.get(), STDOUT_FILENO);
  (void)::dup2(err.theirs.get(), STDERR_FILENO);
  ::unsetenv("VPCLAB_RUN_DIR");
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "xterm", 1);
  for (const auto& [name, value] : environment) {
    value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<std::string> copies = arguments;
  copies.insert(copies.begin(), "vpclab");
  std::vector<char*> pointers;
  for (auto& copy : copies) {
    pointers.push_back(copy.data());
  }
  pointers.push_back(nullptr);
  const int status = cli::runCommandLine(static_cast<int>(copies.size()), pointers.data());
  (void)std::fflush(nullptr);
  ::_exit(status);
}

// Until both are closed; a terminal whose other end is closed gives EIO. False at the deadline.
bool collect(Channel& out, Channel& err, Ran& ran) {
  const auto deadline = base::Deadline::after(kLongest);
  std::array<pollfd, 2> entries{{{out.ours.get(), POLLIN, 0}, {err.ours.get(), POLLIN, 0}}};
  const std::array<std::string*, 2> into{&ran.out, &ran.err};
  while (entries[0].fd >= 0 || entries[1].fd >= 0) {
    if (::poll(entries.data(), entries.size(), deadline.pollTimeout()) == 0) {
      return false;
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].fd < 0 || entries[i].revents == 0) {
        continue;
      }
      std::array<char, 4096> buffer{};
      const ssize_t n = ::read(entries[i].fd, buffer.data(), buffer.size());
      if (n > 0) {
        into[i]->append(buffer.data(), static_cast<std::size_t>(n));
      } else {
        entries[i].fd = -1;
      }
    }
  }
  return true;
}

}  // namespace

Ran runCli(const std::vector<std::string>& arguments, Output output,
           const std::map<std::string, std::string>& environment) {
  Channel out = makeChannel(output);
  Channel err = makeChannel(output);
  (void)std::fflush(nullptr);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    child(arguments, out, err, environment);
  }
  out.theirs.reset();
  err.theirs.reset();
  Ran ran;
  if (!collect(out, err, ran)) {
    (void)::kill(pid, SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return ran;
}

}  // namespace vpclab::tests
