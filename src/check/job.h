#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/ip.h"

// Probes as values. The daemon makes them from a lab's checks, opens the sockets inside the namespaces, and an
// unprivileged worker (`vpclab-worker probe`) runs them: what the network answers is never parsed with privilege.
namespace vpclab::check {

// What one job may ask; the worker refuses more.
inline constexpr std::size_t kMaxJobsPerRequest = 1024;
inline constexpr std::size_t kMaxSocketsPerRequest = 4096;
inline constexpr std::size_t kMaxRunningJobs = 8192;
inline constexpr std::uint32_t kMaxPings = 10'000;
inline constexpr std::size_t kMaxSweepTargets = 8192;
inline constexpr std::uint32_t kMaxSweepWindow = 256;
inline constexpr std::uint32_t kMaxSweepTries = 40;
inline constexpr std::size_t kMaxSweepTexts = 64;  // different ones in one reply
inline constexpr std::uint32_t kMaxHops = 64;
inline constexpr std::uint32_t kMaxRequests = 1000;            // of one HTTP job
inline constexpr std::size_t kMaxBodyBytes = 1024 * 1024;      // of one HTTP response
inline constexpr std::size_t kMaxBodiesBytes = 4 << 20;        // all different bodies of one HTTP job
inline constexpr std::uint64_t kMaxStreamBytes = 1 << 30;      // of one throughput job
inline constexpr std::uint32_t kMaxDatagrams = 20'000;         // of one count job, in each direction
inline constexpr std::size_t kMaxDetailBytes = 1024;           // of a text in a reply
inline constexpr std::chrono::milliseconds kMaxWait{600'000};  // any timeout or deadline

// What came of the last echo request.
enum class PingResult : std::uint8_t {
  kAnswered,
  kUnreachable,  // an ICMP error, or the prober's own kernel has no way there
  kTimeout,
  kError,  // the request could not be sent for a reason that says nothing about the way there
};

struct PingJob {
  std::size_t socket =
      0;  // index of a raw ICMP socket opened in the prober's namespace; pings of a request may share it
  net::IpAddr target;
  std::uint32_t count = 1;     // requests; with `untilAnswered`: answers, which then follow each other without a pause
  bool untilAnswered = false;  // repeat until `count` answers or the deadline
  bool endOnUnreachable = false;               // an ICMP error or a refusal by the own kernel ends it
  std::chrono::milliseconds interval{100};     // between requests
  std::chrono::milliseconds timeout{1000};     // per request
  std::chrono::milliseconds deadline{10'000};  // for all

  bool operator==(const PingJob&) const = default;
};

struct PingReply {
  std::uint32_t sent = 0;
  std::uint32_t answered = 0;
  std::uint32_t unreachable = 0;  // ICMP errors and refusals by the own kernel
  PingResult last = PingResult::kTimeout;
  std::string detail;  // "Destination Net Unreachable from 172.16.1.1", "sendto: Network is unreachable"
  double rttMs = 0;    // of the last answer
  double rttMinMs = 0;
  double rttAvgMs = 0;
  double rttMaxMs = 0;

  bool operator==(const PingReply&) const = default;
};

// Hop by hop by TTL, as mtr(8) does.
struct PathJob {
  std::size_t socket = 0;
  net::IpAddr target;
  std::uint32_t maxHops = 16;
  std::chrono::milliseconds timeout{1000};  // per hop; each hop is asked up to three times

  bool operator==(const PathJob&) const = default;
};

struct Hop {
  std::optional<net::IpAddr> address;  // not set: no answer
  double rttMs = 0;
  bool target = false;

  bool operator==(const Hop&) const = default;
};

struct PathReply {
  std::vector<Hop> hops;  // up to the target, or to the last that answered
  bool reached = false;
  std::string detail;  // why not

  bool operator==(const PathReply&) const = default;
};

struct HttpJob {
  // Unconnected TCP sockets opened in the prober's namespace, each used once: one if `keepAlive`, else `times`.
  std::vector<std::size_t> sockets;
  net::IpAddr address;
  std::uint16_t port = 80;
  std::string hostHeader;
  std::string target = "/";
  std::uint32_t times = 1;
  bool connectOnly = false;     // only see whether a connection comes about
  bool keepAlive = false;       // all on one connection
  bool parallel = false;        // all at once
  std::string requestIdPrefix;  // X-Request-Id: <prefix>-<n> from 0, to find the request in the servers' access logs
  std::chrono::milliseconds timeout{5000};     // per request, its connection included
  std::chrono::milliseconds deadline{30'000};  // for all

  bool operator==(const HttpJob&) const = default;
};

// What a response of the job may have as its body. Where many come at once, all of them together are bounded.
inline std::size_t bodyLimit(const HttpJob& job) {
  constexpr std::size_t kHeldAtOnce = 64U << 20U;
  constexpr std::size_t kAlways = 64U << 10U;
  return job.parallel ? std::clamp(kHeldAtOnce / job.times, kAlways, kMaxBodyBytes) : kMaxBodyBytes;
}

struct HttpReply {
  bool connected = false;
  int status = 0;                   // 0: no response
  std::string error;                // "connect: Connection refused"
  std::optional<std::size_t> body;  // index into HttpReplies::bodies; not set: none
  double ms = 0;

  bool operator==(const HttpReply&) const = default;
};

struct HttpReplies {
  std::vector<HttpReply> answers;   // one per request, in the order of the requests
  std::vector<std::string> bodies;  // each different one once

  bool operator==(const HttpReplies&) const = default;
};

// TCP as fast as it goes, in one direction. Both ends are here: the one that connects and the one that is connected to.
struct StreamJob {
  std::size_t client = 0;  // an unconnected TCP socket, opened in the prober's namespace
  std::size_t server = 0;  // a listening TCP socket, opened in the target's
  net::IpAddr target;
  bool back = false;                           // the server sends
  std::chrono::milliseconds time{2'000};       // from the first byte that arrives
  std::chrono::milliseconds deadline{30'000};  // for all

  bool operator==(const StreamJob&) const = default;
};

// What the receiver's program got in the last three quarters of the time. The first are left out: in them buffers fill,
// and the burst that a rate limit lets through counts.
struct StreamReply {
  std::uint64_t bytes = 0;
  double ms = 0;
  std::string detail;  // why there is nothing to tell; empty: there is

  bool operator==(const StreamReply&) const = default;
};

// UDP packets with numbers, counted where they arrive: there, and then back.
struct CountJob {
  std::size_t client = 0;  // a bound UDP socket, opened in the prober's namespace
  std::size_t server = 0;  // a bound UDP socket, opened in the target's
  net::IpAddr target;
  std::uint32_t packets = 1'000;               // in each direction, a thousand a second
  std::chrono::milliseconds deadline{30'000};  // for all

  bool operator==(const CountJob&) const = default;
};

struct Counted {
  std::uint32_t sent = 0;
  std::uint32_t received = 0;  // each number once

  bool operator==(const Counted&) const = default;
};

struct CountReply {
  static constexpr const char* kNothingArrives = "no packet arrives";  // not even the first, though all were sent

  Counted there;
  Counted back;
  std::string detail;  // why it is not complete; empty: it is

  bool operator==(const CountReply&) const = default;
};

// An echo request to each of many targets; those that do not answer get a second one, after all others.
struct SweepJob {
  std::size_t socket = 0;  // as PingJob's
  std::vector<net::IpAddr> targets;
  std::uint32_t window = 64;                    // requests in flight at once
  std::uint32_t tries = 2;                      // per target, until one is answered
  std::chrono::milliseconds timeout{1000};      // per request
  std::chrono::milliseconds deadline{120'000};  // for all

  bool operator==(const SweepJob&) const = default;
};

// What came of the last request to each target.
struct SweepReply {
  std::vector<PingResult> results;  // in the order of the targets
  std::vector<std::size_t> texts;   // of those that were not answered, in order: indexes of `details`
  std::vector<std::string> details;

  bool operator==(const SweepReply&) const = default;
};

// The job could not be run at all.
struct JobFailure {
  std::string why;

  bool operator==(const JobFailure&) const = default;
};

using Job = std::variant<PingJob, PathJob, HttpJob, StreamJob, CountJob, SweepJob>;
using Reply = std::variant<PingReply, PathReply, HttpReplies, StreamReply, CountReply, SweepReply, JobFailure>;

// Numbers are the sender's, to tell replies apart.
struct NumberedJob {
  std::uint64_t number = 0;
  Job job;

  bool operator==(const NumberedJob&) const = default;
};

struct NumberedReply {
  std::uint64_t number = 0;
  Reply reply;

  bool operator==(const NumberedReply&) const = default;
};

}  // namespace vpclab::check
