#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "api/bundle.h"
#include "base/result.h"

// What a client can ask of the daemon: POST /v1/<verb> with a JSON object. Every answer is a stream of events, event.h.
namespace vpclab::api {

inline constexpr const char* kApiPrefix = "/v1/";
inline constexpr std::size_t kMaxRequestBytes = 64U << 20U;

// Brings the lab to what the bundle says.
struct ApplyRequest {
  Bundle bundle;
  bool checks = false;   // run the lab's checks afterwards
  bool colours = false;  // of the check table
  bool details = false;  // the answer's data has each step and its outcome: for programs, and large
  bool steps = false;    // the plan is told step by step, not only how many there are
  // Should the first apply of a lab not succeed, takes away what it has made.
  bool rollback = false;
  // What a PlanRequest with `save` answered: exactly that is carried out, or nothing. JSON; empty: whatever it takes.
  std::string expected;
  bool operator==(const ApplyRequest&) const = default;
};

// Says what an apply would do.
struct PlanRequest {
  Bundle bundle;
  bool shell = false;    // also as commands of ip(8), nft(8) and wg(8)
  bool save = false;     // the answer's data has `saved`, by which an apply knows the plan again
  bool details = false;  // as in ApplyRequest
  bool operator==(const PlanRequest&) const = default;
};

// The verbs about a lab that is up. An empty name means the only one; for inspect, all of them.
enum class LabVerb { kDrift, kHeal, kInspect };
struct LabRequest {
  LabVerb verb = LabVerb::kInspect;
  std::string lab;
  bool colours = false;
  bool operator==(const LabRequest&) const = default;
};

// Runs the lab's checks, or pings from every server to every other one.
struct CheckRequest {
  std::string lab;  // as in LabRequest
  bool colours = false;
  bool matrix = false;
  bool junit = false;  // the answer's data has `junit`, a document of JUnit XML
  bool operator==(const CheckRequest&) const = default;
};

struct DownRequest {
  std::string lab;
  bool all = false;
  bool operator==(const DownRequest&) const = default;
};

// Where a node's namespace is. `node` is an id, a title, or LAB/NODE.
struct NodeRequest {
  std::string lab;  // empty: the only one, or the one named in `node`
  std::string node;
  bool operator==(const NodeRequest&) const = default;
};

// Runs a command in a node with the caller's own rights. An api::Command follows, once the answer has begun, and then
// signals; the command ends with the connection. The answer's data has `status`. `node` is as in NodeRequest. Root is
// refused: it enters nodes by itself, and with all of its rights.
struct ExecRequest {
  std::string lab;
  std::string node;
  bool operator==(const ExecRequest&) const = default;
};

// Where the lab is reached from outside: the internet's namespace and, where `to` is empty, the first EIP's address.
struct ForwardRequest {
  std::string lab;
  bool operator==(const ForwardRequest&) const = default;
};

// Changes a link of a node in the kernel, and nowhere else: drift tells it, heal takes it back. What is not set stays
// as it is. A rate of 0 is none. Each end of the link's cable gets the values, so that they hold in each direction.
struct LinkRequest {
  std::string lab;   // as in NodeRequest
  std::string link;  // NODE, where it has one link, or NODE:LINK
  std::optional<bool> up;
  std::optional<std::int64_t> rate;    // bit/s
  std::optional<std::int64_t> delay;   // microseconds
  std::optional<std::int64_t> jitter;  // microseconds
  std::optional<std::int64_t> loss;    // in a million
  bool operator==(const LinkRequest&) const = default;
};

// What the node's own process has written last: a load balancer's log, or the output of a server's command.
struct LogsRequest {
  std::string lab;  // as in NodeRequest
  std::string node;
  bool follow = false;  // goes on with what comes, until the client stops it
  bool operator==(const LogsRequest&) const = default;
};

// What happens to the lab from now on, or to all where none is named; goes on until the client stops it.
struct EventsRequest {
  std::string lab;
  bool operator==(const EventsRequest&) const = default;
};

// The daemon's counters. GET of the same target answers them as text for Prometheus.
struct MetricsRequest {
  bool operator==(const MetricsRequest&) const = default;
};

struct DoctorRequest {
  bool operator==(const DoctorRequest&) const = default;
};

// Who the daemon is, and its labs.
struct StatusRequest {
  bool operator==(const StatusRequest&) const = default;
};

using Request =
    std::variant<ApplyRequest, PlanRequest, LabRequest, CheckRequest, DownRequest, NodeRequest, ExecRequest,
                 ForwardRequest, LinkRequest, LogsRequest, EventsRequest, MetricsRequest, DoctorRequest, StatusRequest>;

inline constexpr const char* kMetricsTarget = "/v1/metrics";
// "/v1/apply" and so on.
std::string targetOf(const Request& request);
std::string encodeRequest(const Request& request);
// Strict. Errors: kNotFound for an unknown target; kInvalid and kLimit for the body.
base::Result<Request> decodeRequest(const std::string& target, const std::string& body);

}  // namespace vpclab::api
