#include "check/probe_client.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/frame_socket.h"
#include "check/job_json.h"

namespace vpclab::check {

namespace {

// A reply is one HTTP job's bodies at most, each byte up to six bytes of JSON.
constexpr std::size_t kMaxReplyBytes = 6 * kMaxBodiesBytes + (4U << 20U);

// What posix_spawn(3) takes, released in the end.
struct SpawnSetup {
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

void prepare(SpawnSetup& setup, int socket) {
  ::posix_spawn_file_actions_addopen(&setup.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&setup.actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&setup.actions, socket, 3);  // clears close-on-exec, even from 3 to 3
  sigset_t none{};
  sigset_t all{};
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&setup.attributes, &none);
  ::posix_spawnattr_setsigdefault(&setup.attributes, &all);
  ::posix_spawnattr_setpgroup(&setup.attributes, 0);  // a Ctrl-C on the terminal is the daemon's to act on
  ::posix_spawnattr_setflags(&setup.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

int openPidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

void kill(int pidfd) {
  ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
}

}  // namespace

base::Result<ProbeClient> ProbeClient::start(const Options& options) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return base::failErrno("make the probe worker's socket");
  }
  base::UniqueFd ours(pair[0]);
  const base::UniqueFd theirs(pair[1]);
  SpawnSetup setup;
  prepare(setup, theirs.get());
  std::string program = options.program;
  std::string verb = "probe";
  std::string flag = "--uid";
  std::string uid = std::to_string(options.uid);
  std::array<char*, 5> argv{program.data(), verb.data(), flag.data(), uid.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program.c_str(), &setup.actions, &setup.attributes, argv.data(), environment.data());
  if (error != 0) {
    return base::fail(base::Error::fromErrno(error, "start " + program));
  }
  base::UniqueFd process(openPidfd(pid));  // not reaped by anyone yet, so the number is still its own
  if (!process) {
    auto failure = base::failErrno("open the probe worker's pidfd");
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return failure;
  }
  return ProbeClient(std::move(ours), std::move(process));
}

ProbeClient& ProbeClient::operator=(ProbeClient&& other) noexcept {
  if (this != &other) {
    end();
    socket_ = std::move(other.socket_);
    process_ = std::move(other.process_);
  }
  return *this;
}

ProbeClient::~ProbeClient() {
  end();
}

void ProbeClient::end() {
  if (!process_) {
    return;
  }
  kill(process_.get());
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED) != 0 && errno == EINTR) {
  }
  process_.reset();
}

base::Result<> ProbeClient::submit(const std::vector<NumberedJob>& jobs, std::vector<base::UniqueFd> sockets,
                                   base::Deadline deadline) {
  std::vector<int> fds;
  fds.reserve(sockets.size());
  for (const base::UniqueFd& socket : sockets) {
    fds.push_back(socket.get());
  }
  auto sent = base::sendFrame(socket_.get(), encodeRequest(jobs), fds, deadline);
  if (!sent) {
    return tl::make_unexpected(std::move(sent.error()).context("give jobs to the probe worker"));
  }
  return {};
}

base::Result<std::optional<NumberedReply>> ProbeClient::wait(base::Deadline deadline) {
  for (;;) {
    pollfd entry{socket_.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, deadline.pollTimeout());
    if (ready == 0) {
      return std::nullopt;
    }
    if (ready > 0) {
      break;
    }
    if (errno != EINTR) {
      return base::failErrno("wait for the probe worker");
    }
  }
  // A frame that has begun is read whole, whatever the caller's deadline: else the stream would be lost.
  auto frame = base::receiveFrame(socket_.get(), kMaxReplyBytes, 0, base::Deadline::after(std::chrono::seconds(10)));
  if (!frame) {
    return tl::make_unexpected(std::move(frame.error()).context("read the probe worker's answer"));
  }
  auto reply = decodeReply(frame->body);
  if (!reply) {
    return tl::make_unexpected(std::move(reply.error()).context("read the probe worker's answer"));
  }
  return std::move(*reply);
}

}  // namespace vpclab::check
