#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "net/ip.h"

// Probes as values. The daemon makes them from a lab's checks, opens the sockets inside the namespaces, and an
// unprivileged worker (`vpclab-worker probe`) runs them: what the network answers is never parsed with privilege.
namespace vpclab::check {

// One echo request and what came of it.
enum class PingResult : std::uint8_t { kAnswered, kUnreachable, kTimeout, kError };

struct PingJob {
  std::size_t socket = 0;  // index of a raw ICMP socket opened in the prober's namespace
  net::IpAddr target;
  std::uint32_t count = 1;     // stops after the first answer if `untilAnswered`
  bool untilAnswered = false;  // repeat until an answer or the deadline
  std::chrono::milliseconds interval{100};
  std::chrono::milliseconds timeout{1000};     // per request
  std::chrono::milliseconds deadline{10'000};  // for all
};

struct PingReply {
  std::uint32_t sent = 0;
  std::uint32_t answered = 0;
  PingResult last = PingResult::kTimeout;
  std::string detail;  // "Destination Net Unreachable from 172.16.1.1", "sendto: Network is unreachable"
  double rttMs = 0;    // of the last answer
};

// Hop by hop by TTL, as mtr(8) does.
struct PathJob {
  std::size_t socket = 0;
  net::IpAddr target;
  std::uint32_t maxHops = 16;
  std::chrono::milliseconds timeout{1000};  // per hop; each hop is asked up to three times
};

struct Hop {
  std::optional<net::IpAddr> address;  // not set: no answer
  double rttMs = 0;
  bool target = false;
};

struct HttpJob {
  std::vector<std::size_t>
      sockets;  // unconnected TCP sockets opened in the prober's namespace: one, or one per request
  net::IpAddr address;
  std::uint16_t port = 80;
  std::string hostHeader;
  std::string target = "/";
  std::uint32_t times = 1;
  bool keepAlive = false;       // all on one connection
  bool parallel = false;        // all at once
  std::string requestIdPrefix;  // X-Request-Id: <prefix>-<n>, to find the request in the servers' access logs
  std::chrono::milliseconds timeout{5000};  // per request
};

struct HttpReply {
  int status = 0;     // 0: no response
  std::string error;  // "connect: Connection refused"
  std::string body;   // at most 64 KiB
  double ms = 0;
};

}  // namespace vpclab::check
