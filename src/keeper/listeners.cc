#include "keeper/listeners.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace vpclab::keeper {

namespace {

constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

base::UniqueFd listenTcp(const state::ListenAddress& where) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(where.port);
  std::memcpy(&address.sin_addr, where.address.bytes(), sizeof(address.sin_addr));
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return {};
  }
  return fd;
}

std::string describe(const state::ListenAddress& where) {
  return "listen on " + where.address.toString() + ":" + std::to_string(where.port) + " in " + where.netns;
}

}  // namespace

// 0.0.0.0:80 and 10.0.0.1:80 exclude each other. When one takes the other's place, the old one, which the worker still
// holds as well, has to leave the LISTEN state first; shutdown(2) does that for all its copies.
void Listeners::silence(const state::ListenAddress& address, const std::vector<state::ListenAddress>& wanted) {
  for (const auto& [other, entry] : entries_) {
    if (other.netns == address.netns && other.port == address.port &&
        std::find(wanted.begin(), wanted.end(), other) == wanted.end()) {
      ::shutdown(entry.socket->get(), SHUT_RDWR);
    }
  }
}

base::Result<std::vector<SharedFd>> Listeners::open(const std::vector<state::ListenAddress>& wanted,
                                                    const NetnsPins& pins) {
  std::vector<SharedFd> out;
  std::set<state::ListenAddress> seen;
  for (const auto& address : wanted) {
    if (!seen.insert(address).second) {
      return base::fail(base::ErrorKind::kInvalid, describe(address) + ": named twice");
    }
    if (!address.address.isV4()) {
      return base::fail(base::ErrorKind::kUnsupported, describe(address) + ": only IPv4 is supported");
    }
    const auto found = entries_.find(address);
    if (found != entries_.end() && pins.isStill(address.netns, found->second.netns)) {
      out.push_back(found->second.socket);
      continue;
    }
    auto netns = pins.open(address.netns);
    if (!netns) {
      return base::fail(std::move(netns.error()).context(describe(address)));
    }
    const auto scope = NetnsScope::enter(netns->fd.get());
    if (!scope) {
      return base::fail(base::Error(scope.error()).context(describe(address)));
    }
    base::UniqueFd socket = listenTcp(address);
    if (!socket && errno == EADDRINUSE) {
      silence(address, wanted);
      socket = listenTcp(address);
    }
    if (!socket) {
      return base::failErrno(describe(address));
    }
    auto shared = std::make_shared<const base::UniqueFd>(std::move(socket));
    entries_[address] = Entry{netns->id, shared};
    out.push_back(std::move(shared));
  }
  return out;
}

void Listeners::dropUnwanted(const std::vector<state::ListenAddress>& wanted) {
  std::erase_if(entries_, [&](const auto& entry) {
    return std::find(wanted.begin(), wanted.end(), entry.first) == wanted.end();
  });
}

bool Listeners::current(const NetnsPins& pins) const {
  return std::all_of(entries_.begin(), entries_.end(),
                     [&](const auto& entry) { return pins.isStill(entry.first.netns, entry.second.netns); });
}

}  // namespace vpclab::keeper
