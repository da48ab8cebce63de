#pragma once

#include <memory>
#include <string>
#include <vector>

#include "check/job.h"
#include "check/report.h"
#include "check/runner.h"
#include "check/spec.h"

namespace vpclab::check {

struct SocketWish {
  std::string node;
  SocketKind kind = SocketKind::kIcmp;
};

// What one round of a check asks. Socket numbers of the jobs index `sockets`.
struct Round {
  std::vector<SocketWish> sockets;
  std::vector<Job> jobs;
  std::chrono::milliseconds takes{0};  // at most, where that may be longer than what was left

  std::size_t icmpSocket(const std::string& node);  // one per node and round
  std::vector<std::size_t> tcpSockets(const std::string& node, std::size_t count);
  std::size_t socket(const std::string& node, SocketKind kind);  // a new one
};

// How one check comes to its result: rounds of probes, each judged, until it is done or its time is over.
class Procedure {
 public:
  enum class Step {
    kDone,
    kAgain,  // not as expected: once more after a pause, unless the time is over
    kNext,   // halfway: the next round belongs to this one, even if the time is over
  };

  virtual ~Procedure() = default;
  // No jobs: judge() is called at once.
  virtual Round next(std::chrono::milliseconds left) = 0;
  // Replies in the order of the jobs. Fills in the result as things stand.
  virtual Step judge(const std::vector<Reply>& replies, LabPort& lab, CheckResult& result) = 0;
};

// The spec must outlive it.
std::unique_ptr<Procedure> makeProcedure(const CheckSpec& check);
std::unique_ptr<Procedure> makePingProcedure(const PingSpec& spec);
// Of a target that another node stands in for: whether anything arrives at it.
std::unique_ptr<Procedure> makeArrivalProcedure(const PingSpec& spec);
std::unique_ptr<Procedure> makePathProcedure(const PathSpec& spec);
std::unique_ptr<Procedure> makeBackendProcedure(const BackendSpec& spec);
std::unique_ptr<Procedure> makeHttpProcedure(const HttpSpec& spec);
std::unique_ptr<Procedure> makeThroughputProcedure(const ThroughputSpec& spec);
std::unique_ptr<Procedure> makeLossProcedure(const LossSpec& spec);
std::unique_ptr<Procedure> makeTunnelProcedure(const TunnelSpec& spec);

}  // namespace vpclab::check
