#include "daemon/lab_port.h"

#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "check/worker_status.h"
#include "daemon/tunnel_view.h"
#include "daemon/worker_answer.h"

namespace vpclab::daemon {

namespace {

constexpr std::chrono::seconds kKeeperTime{2};

// To a port of the kernel's choice: what the worker, which may not bind, receives at.
base::Result<base::UniqueFd> bound(base::Result<base::UniqueFd> socket, const std::string& node, bool listening) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  if (socket && (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
                 (listening && ::listen(socket->get(), 8) != 0))) {
    return base::failErrno("receive in node " + node);
  }
  return socket;
}

}  // namespace

base::Result<base::UniqueFd> RunningLab::openSocket(const std::string& node, check::SocketKind kind) {
  auto& system = engine_.system();
  switch (kind) {
    case check::SocketKind::kIcmp:
      return system.openSocket(lab_, node, AF_INET, SOCK_RAW, IPPROTO_ICMP);
    case check::SocketKind::kTcp:
      return system.openSocket(lab_, node, AF_INET, SOCK_STREAM, 0);
    case check::SocketKind::kTcpListener:
      return bound(system.openSocket(lab_, node, AF_INET, SOCK_STREAM, 0), node, true);
    case check::SocketKind::kUdp:
      return bound(system.openSocket(lab_, node, AF_INET, SOCK_DGRAM, 0), node, false);
  }
  return base::fail(base::ErrorKind::kInternal, "unknown kind of socket");
}

base::Result<std::vector<check::TunnelPeer>> RunningLab::tunnelPeers(const std::string& accessPoint) {
  auto tunnels = tunnelsOf(engine_, lab_, accessPoint);
  if (!tunnels) {
    return base::fail(std::move(tunnels.error()));
  }
  std::vector<check::TunnelPeer> out;
  for (const auto& tunnel : *tunnels) {
    if (tunnel.accessPoint != accessPoint) {
      continue;
    }
    if (!tunnel.problem.empty()) {
      return base::fail(base::ErrorKind::kNotFound, "access point " + accessPoint + ": " + tunnel.problem);
    }
    for (const auto& peer : tunnel.peers) {
      out.push_back({peer.accessPoint, peer.handshakeAgeSeconds});
    }
  }
  return out;
}

base::Result<keeper::Client*> RunningLab::keeper() {
  if (!keeper_) {
    auto client = keeper::Client::connect({engine_.options().runDir, lab_}, base::Deadline::after(kKeeperTime));
    if (!client) {
      return base::fail(std::move(client.error()));
    }
    keeper_.emplace(std::move(*client));
  }
  return &*keeper_;
}

base::Result<std::vector<check::BackendStatus>> RunningLab::backends(const std::string& loadBalancer,
                                                                     const std::string& listener) {
  const auto client = keeper();
  if (!client) {
    return base::fail(client.error());
  }
  const auto status = workerStatus(**client, loadBalancer, "lb");
  if (!status) {
    return base::fail(status.error());
  }
  return check::backendsOf(*status, listener);
}

base::Result<std::map<std::string, std::vector<std::string>>> RunningLab::requestIds(const std::string& prefix) {
  const auto client = keeper();
  if (!client) {
    return base::fail(client.error());
  }
  const auto status = pagesStatus(**client, prefix + "-");
  if (!status) {
    return base::fail(status.error());
  }
  return check::requestIdsOf(*status, prefix);
}

}  // namespace vpclab::daemon
