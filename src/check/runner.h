#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "check/probe_port.h"
#include "check/report.h"
#include "check/spec.h"

namespace vpclab::check {

enum class SocketKind : std::uint8_t {
  kIcmp,         // socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)
  kTcp,          // socket(AF_INET, SOCK_STREAM, 0)
  kTcpListener,  // the same, listening on a port of the kernel's choice
  kUdp,          // socket(AF_INET, SOCK_DGRAM, 0), bound to a port of the kernel's choice
};

// A backend as its load balancer's worker sees it now.
struct BackendStatus {
  std::string name;    // state::Backend::name
  std::string state;   // "up", "down", or what else the worker calls it ("checking", "drain", "disabled")
  std::string reason;  // "connect: Network is unreachable"; may be empty
};

// Another access point as a tunnel knows it.
struct TunnelPeer {
  std::string accessPoint;                    // id
  std::optional<double> handshakeAgeSeconds;  // of the last one; not set: none yet
};

// What the checks need of the running lab; the daemon implements it. Called from the thread of runChecks() only.
class LabPort {
 public:
  virtual ~LabPort() = default;
  // A close-on-exec socket opened in the node's namespace.
  virtual base::Result<base::UniqueFd> openSocket(const std::string& node, SocketKind kind) = 0;
  // Every backend of a listener.
  virtual base::Result<std::vector<BackendStatus>> backends(const std::string& loadBalancer,
                                                            const std::string& listener) = 0;
  // Whom the tunnel of an access point has heard of.
  virtual base::Result<std::vector<TunnelPeer>> tunnelPeers(const std::string& accessPoint) = 0;
  // The X-Request-Id of every request with that prefix in the access logs of the servers that `PageSpec::logged` names:
  // server id -> ids in the order of the log. An id that was logged twice is there twice.
  virtual base::Result<std::map<std::string, std::vector<std::string>>> requestIds(const std::string& prefix) = 0;
};

struct RunOptions {
  std::string lab;
  std::stop_token stop;  // checks that have no result by then are kCancelled
  std::function<void(const CheckResult&, std::size_t finished, std::size_t total)> progress;  // may be empty
};

// Runs all checks: those that cannot disturb each other at once, those with the same serial group one after the other
// in their order, those that measure one by one in the end. Each waits for what it expects, polling at most every 50
// ms, until it holds or its `within` has passed. What goes wrong on the way (a socket, the worker) is a failed check
// that says so; there is always a report.
Report runChecks(const std::vector<CheckSpec>& checks, LabPort& lab, ProbePort& probes, const RunOptions& options);

}  // namespace vpclab::check
