#include "entry/enter.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/frame_socket.h"
#include "entry/cgroup.h"
#include "entry/first_process.h"
#include "keeper/spawn.h"

namespace vpclab::entry {

namespace {

constexpr std::chrono::seconds kCommandTime{10};
constexpr std::chrono::seconds kSignalTime{1};
// From the caller's end to the command's: what it may take to end by itself.
constexpr std::chrono::seconds kGrace{2};

struct Request {
  api::Command command;
  std::array<base::UniqueFd, api::kCommandFds> streams;
};

base::Result<Request> receiveRequest() {
  auto frame =
      base::receiveFrame(kCallerSocket, api::kMaxCommandBytes, api::kCommandFds, base::Deadline::after(kCommandTime));
  if (!frame) {
    return base::fail(std::move(frame.error()));
  }
  auto command = api::decodeCommand(frame->body);
  if (!command) {
    return base::fail(std::move(command.error()));
  }
  if (frame->fds.size() != api::kCommandFds) {
    return base::fail(base::ErrorKind::kInvalid, "three descriptors are expected with a command");
  }
  Request request;
  request.command = std::move(*command);
  std::move(frame->fds.begin(), frame->fds.end(), request.streams.begin());
  return request;
}

// What there is of it; empty: the end.
std::string readSome(int pipe) {
  std::string text(PIPE_BUF, '\0');
  ssize_t size = 0;
  while ((size = ::read(pipe, text.data(), text.size())) < 0 && errno == EINTR) {
  }
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

// Whether the caller is still there. It sends nothing but signals.
bool passOnSignal(pid_t first) {
  const auto frame = base::receiveFrame(kCallerSocket, 1, 0, base::Deadline::after(kSignalTime));
  if (!frame || frame->body.size() != 1) {
    return false;
  }
  const int signal = static_cast<unsigned char>(frame->body.front());
  if (api::mayPassOn(signal)) {
    ::kill(first, signal);
  }
  return true;
}

// Until the first process has ended.
Report supervise(pid_t first, int outcome) {
  std::string told;
  bool caller = true;
  std::optional<base::Deadline> kill;
  for (;;) {
    std::array<pollfd, 3> entries{pollfd{outcome, POLLIN, 0}, pollfd{kReportPipe, 0, 0},
                                  pollfd{caller ? kCallerSocket : -1, POLLIN | POLLRDHUP, 0}};
    if (::poll(entries.data(), entries.size(), kill ? kill->pollTimeout() : -1) < 0 && errno != EINTR) {
      ::kill(first, SIGKILL);
      return {125, base::Error::fromErrno(errno, "poll").message()};
    }
    if (entries[0].revents != 0) {
      const std::string more = readSome(outcome);
      if (more.empty()) {
        return told.empty() ? Report{128 + SIGKILL, ""} : decodeReport(told);
      }
      told += more;
    }
    // The daemon has ended: nobody is left who would want to know.
    if (entries[1].revents != 0 || (kill && kill->passed())) {
      ::kill(first, SIGKILL);
      kill.reset();
      if (entries[1].revents != 0) {
        return {128 + SIGKILL, ""};
      }
    }
    if (caller && entries[2].revents != 0 &&
        ((entries[2].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0 || !passOnSignal(first))) {
      caller = false;
      ::kill(first, SIGHUP);
      kill = base::Deadline::after(kGrace);
    }
  }
}

Report runCommand(const Entry& entry) {
  auto request = receiveRequest();
  if (!request) {
    return {125, request.error().message()};
  }
  const auto bounds = boundsOf(entry.caller);
  if (!bounds) {
    return {125, bounds.error().message()};
  }
  const base::UniqueFd cgroup = openCgroup(bounds->cgroup);
  const base::UniqueFd netns(::open(entry.pin.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<int, 2> ends{-1, -1};
  if (!netns || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return {125, base::Error::fromErrno(errno, "open the namespace of " + entry.node).message()};
  }
  base::UniqueFd reading(ends[0]);
  base::UniqueFd writing(ends[1]);
  FirstProcess given{entry, bounds->limits, request->command, netns, cgroup, request->streams, writing};
  const pid_t first = keeper::cloneProcess(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS);
  if (first < 0) {
    return {125, base::Error::fromErrno(errno, "clone").message()};
  }
  if (first == 0) {
    reading.reset();
    runFirstProcess(given);
  }
  writing.reset();
  for (auto& stream : request->streams) {
    stream.reset();
  }
  auto report = supervise(first, reading.get());
  // With it go all of its PID namespace, before anybody is told.
  while (::waitpid(first, nullptr, 0) < 0 && errno == EINTR) {
  }
  return report;
}

}  // namespace

int enter(const Entry& entry) {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // By number: the C library of Debian 12 has it, but an older kernel may not.
  if (::syscall(SYS_close_range, static_cast<unsigned>(kReportPipe) + 1, ~0U, 0U) != 0) {
    return 1;
  }
  for (const int fd : {kCallerSocket, kReportPipe}) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  ::signal(SIGPIPE, SIG_IGN);
  return base::writeAll(kReportPipe, encodeReport(runCommand(entry))) ? 0 : 1;
}

}  // namespace vpclab::entry
