#include "daemon/peer.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vpclab::daemon {

namespace {

constexpr std::size_t kGroupBytes = 16U << 10U;
constexpr std::size_t kMaxGroupBytes = 16U << 20U;

// The groups that the peer had when it connected: SO_PEERGROUPS of socket(7), Linux 4.13.
base::Result<std::vector<gid_t>> groupsOf(int socket) {
  std::vector<gid_t> groups(64);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
      groups.resize(size / sizeof(gid_t));
      return groups;
    }
    if (errno != ERANGE || size / sizeof(gid_t) <= groups.size()) {
      return base::failErrno("ask for the groups of a client");
    }
    groups.resize(size / sizeof(gid_t));
  }
}

base::Result<ucred> credentialsOf(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return base::failErrno("ask who a client is");
  }
  return peer;
}

}  // namespace

std::optional<gid_t> vpclabGroup() {
  // getgrnam_r: several connections are served at once. The names of all members have to fit.
  std::vector<char> buffer(kGroupBytes);
  group entry{};
  group* found = nullptr;
  int error = 0;
  while ((error = ::getgrnam_r("vpclab", &entry, buffer.data(), buffer.size(), &found)) == ERANGE &&
         buffer.size() < kMaxGroupBytes) {
    buffer.resize(buffer.size() * 2);
  }
  return error == 0 && found != nullptr ? std::optional(entry.gr_gid) : std::nullopt;
}

base::Result<uid_t> uidOf(int socket) {
  const auto peer = credentialsOf(socket);
  return peer ? base::Result<uid_t>(peer->uid) : base::fail(peer.error());
}

base::Result<Peer> admitPeer(int socket) {
  const auto credentials = credentialsOf(socket);
  if (!credentials) {
    return base::fail(credentials.error());
  }
  Peer peer{credentials->pid, credentials->uid, credentials->gid, {}};
  if (peer.uid == 0 || peer.uid == ::geteuid()) {
    return peer;
  }
  auto groups = groupsOf(socket);
  if (!groups) {
    return base::fail(std::move(groups.error()));
  }
  peer.groups = std::move(*groups);
  const auto wanted = vpclabGroup();
  if (!wanted ||
      (peer.gid != *wanted && std::find(peer.groups.begin(), peer.groups.end(), *wanted) == peer.groups.end())) {
    return base::fail(base::ErrorKind::kPermission, "uid " + std::to_string(peer.uid) +
                                                        " may not use this daemon: use sudo, or join the group vpclab");
  }
  return peer;
}

}  // namespace vpclab::daemon
