#include "daemon/node_entry.h"

#include <array>
#include <csignal>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/peer.h"
#include "entry/enter.h"

namespace vpclab::daemon {

base::Result<NodeEntry> startEntry(const std::string& program, const std::string& pin, const std::string& node,
                                   int clientSocket) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::failErrno("open a pipe");
  }
  NodeEntry out;
  out.report.reset(ends[0]);
  base::UniqueFd writing(ends[1]);
  // Clear of the places that they go to.
  constexpr int kAbove = 64;
  const base::UniqueFd socket(::fcntl(clientSocket, F_DUPFD_CLOEXEC, kAbove));
  writing.reset(::fcntl(writing.get(), F_DUPFD_CLOEXEC, kAbove));
  if (!socket || !writing) {
    return base::failErrno("duplicate a descriptor");
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  const std::unique_ptr<posix_spawn_file_actions_t, int (*)(posix_spawn_file_actions_t*)> actionsOwner(
      &actions, ::posix_spawn_file_actions_destroy);
  const std::unique_ptr<posix_spawnattr_t, int (*)(posix_spawnattr_t*)> attributesOwner(&attributes,
                                                                                        ::posix_spawnattr_destroy);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  ::posix_spawn_file_actions_adddup2(&actions, socket.get(), entry::kCallerSocket);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), entry::kReportPipe);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words{program, "enter", "--pin", pin, "--node", node};
  std::vector<char*> argv;
  for (auto& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  // Nothing of the daemon's environment.
  std::array<char*, 1> environment{nullptr};
  const int error = ::posix_spawn(&out.pid, argv[0], &actions, &attributes, argv.data(), environment.data());
  if (error != 0) {
    return base::fail(base::Error::fromErrno(error, "start " + program));
  }
  return out;
}

int runEntry(const std::string& pin, const std::string& node) {
  auto peer = admitPeer(entry::kCallerSocket);
  if (!peer) {
    return base::writeAll(entry::kReportPipe, entry::encodeReport({125, peer.error().message()})) ? 0 : 1;
  }
  return entry::enter({pin, node, {peer->pid, peer->uid, peer->gid, std::move(peer->groups)}, vpclabGroup()});
}

}  // namespace vpclab::daemon
