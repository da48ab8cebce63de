#include <algorithm>

#include "check/expect.h"
#include "check/procedure.h"

namespace vpclab::check {

namespace {

using std::chrono::milliseconds;

// Beyond the time that a measurement takes by itself: for connections, packets on their way, a busy machine.
constexpr milliseconds kSlack{5'000};

class Throughput : public Procedure {
 public:
  explicit Throughput(const ThroughputSpec& spec) : spec_(spec) {}

  Round next(milliseconds /*left*/) override {
    Round round;
    StreamJob job;
    job.client = round.socket(spec_.from.node, SocketKind::kTcp);
    job.server = round.socket(spec_.receiver, SocketKind::kTcpListener);
    job.target = spec_.to.address;
    job.back = there_.has_value();
    job.time = spec_.time;
    job.deadline = spec_.time + kSlack;
    round.takes = job.deadline;
    round.jobs.emplace_back(job);
    return round;
  }

  Step judge(const std::vector<Reply>& replies, LabPort& /*lab*/, CheckResult& result) override {
    const auto& reply = std::get<StreamReply>(replies.front());
    const bool halfway = !there_;
    (halfway ? there_ : back_) = reply;
    const Verdict verdict = judgeThroughput(spec_, there_, back_);
    result.seen = verdict.seen;
    result.measured = measuredBy(there_, back_);
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    if (halfway && reply.detail.empty()) {
      return Step::kNext;
    }
    there_.reset();
    back_.reset();
    return verdict.passed ? Step::kDone : Step::kAgain;
  }

 private:
  const ThroughputSpec& spec_;
  std::optional<StreamReply> there_;
  std::optional<StreamReply> back_;
};

class Loss : public Procedure {
 public:
  explicit Loss(const LossSpec& spec) : spec_(spec) {}

  Round next(milliseconds /*left*/) override {
    Round round;
    CountJob job;
    job.client = round.socket(spec_.from.node, SocketKind::kUdp);
    job.server = round.socket(spec_.receiver, SocketKind::kUdp);
    job.target = spec_.to.address;
    job.packets = spec_.packets;
    job.deadline = milliseconds(2 * spec_.packets) + 2 * kSlack;
    round.takes = job.deadline;
    round.jobs.emplace_back(job);
    return round;
  }

  Step judge(const std::vector<Reply>& replies, LabPort& /*lab*/, CheckResult& result) override {
    const auto& reply = std::get<CountReply>(replies.front());
    const Verdict verdict = judgeLoss(spec_, reply);
    result.seen = verdict.seen;
    result.measured = measuredBy(reply);
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    return verdict.passed ? Step::kDone : Step::kAgain;
  }

 private:
  const LossSpec& spec_;
};

class Tunnel : public Procedure {
 public:
  explicit Tunnel(const TunnelSpec& spec) : spec_(spec) {}

  Round next(milliseconds /*left*/) override { return {}; }

  Step judge(const std::vector<Reply>& /*replies*/, LabPort& lab, CheckResult& result) override {
    const auto peers = lab.tunnelPeers(spec_.accessPoint);
    if (!peers) {
      result.seen = "cannot tell: " + peers.error().message();
      result.outcome = Outcome::kFailed;
      return Step::kAgain;
    }
    const Verdict verdict = judgeTunnel(spec_, *peers);
    result.seen = verdict.seen;
    result.measured = measuredBy(*peers);
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    return verdict.passed ? Step::kDone : Step::kAgain;
  }

 private:
  const TunnelSpec& spec_;
};

}  // namespace

std::unique_ptr<Procedure> makeThroughputProcedure(const ThroughputSpec& spec) {
  return std::make_unique<Throughput>(spec);
}

std::unique_ptr<Procedure> makeLossProcedure(const LossSpec& spec) {
  return std::make_unique<Loss>(spec);
}

std::unique_ptr<Procedure> makeTunnelProcedure(const TunnelSpec& spec) {
  return std::make_unique<Tunnel>(spec);
}

}  // namespace vpclab::check
