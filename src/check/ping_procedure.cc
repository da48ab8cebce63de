#include <algorithm>

#include "check/expect.h"
#include "check/procedure.h"
#include "check/proved_procedure.h"

namespace vpclab::check {

namespace {

constexpr std::uint32_t kSamples = 3;             // answers of a reachable target, for the round-trip times
constexpr std::uint32_t kProbes = 3;              // of a target that must not answer
constexpr std::uint32_t kProbesAfterAnswer = 10;  // once it has: a lossy way there must not pass as none

void fill(const PingReply& reply, CheckResult& result) {
  if (reply.answered > 0) {
    result.roundTrip = RoundTrip{reply.rttMinMs, reply.rttAvgMs, reply.rttMaxMs, reply.sent, reply.answered};
  } else {
    result.roundTrip.reset();
  }
}

class Reachable : public Procedure {
 public:
  explicit Reachable(const PingSpec& spec) : spec_(spec) {}

  Round next(std::chrono::milliseconds left) override {
    Round round;
    PingJob ping;
    ping.socket = round.icmpSocket(spec_.from.node);
    ping.target = spec_.to.address;
    ping.count = kSamples;
    ping.untilAnswered = true;
    ping.interval = std::chrono::milliseconds(50);
    ping.deadline = left;
    round.jobs.emplace_back(ping);
    return round;
  }

  Step judge(const std::vector<Reply>& replies, LabPort& /*lab*/, CheckResult& result) override {
    const auto& reply = std::get<PingReply>(replies.front());
    const Verdict verdict = judgeReachable(reply);
    fill(reply, result);
    result.seen = verdict.seen;
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    return verdict.passed ? Step::kDone : Step::kAgain;
  }

 private:
  const PingSpec& spec_;
};

class Measured : public Procedure {
 public:
  explicit Measured(const PingSpec& spec) : spec_(spec) {}

  Round next(std::chrono::milliseconds left) override {
    using std::chrono::milliseconds;
    Round round;
    PingJob ping;
    ping.socket = round.icmpSocket(spec_.from.node);
    ping.target = spec_.to.address;
    ping.count = spec_.times;
    ping.interval = milliseconds(10);
    // Long enough for an answer that comes too late to be told from one that does not come.
    const std::int64_t end = !spec_.rtt ? 0 : spec_.rtt->openAbove ? spec_.rtt->min : spec_.rtt->max;
    const milliseconds late(std::min<std::int64_t>(end / 500, 120'000));
    ping.timeout = std::max(late, milliseconds(1000));
    ping.deadline = std::clamp(left, ping.interval * spec_.times + ping.timeout, kMaxWait);
    round.takes = ping.deadline;
    round.jobs.emplace_back(ping);
    return round;
  }

  Step judge(const std::vector<Reply>& replies, LabPort& /*lab*/, CheckResult& result) override {
    const auto& reply = std::get<PingReply>(replies.front());
    const Verdict verdict = judgeMeasuredPing(spec_, reply);
    fill(reply, result);
    result.seen = verdict.seen;
    result.measured = measuredBy(spec_, reply);
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    return verdict.passed ? Step::kDone : Step::kAgain;
  }

 private:
  const PingSpec& spec_;
};

class Unreachable : public ProvedProcedure {
 public:
  explicit Unreachable(const PingSpec& spec) : ProvedProcedure(spec.from, spec.to), spec_(spec) {}

 private:
  Round probe() override {
    Round round;
    PingJob ping;
    ping.socket = round.icmpSocket(spec_.from.node);
    ping.target = spec_.to.address;
    ping.count = answeredBefore_ ? kProbesAfterAnswer : kProbes;
    ping.endOnUnreachable = true;
    ping.interval = std::chrono::milliseconds(50);
    round.jobs.emplace_back(ping);
    return round;
  }

  Verdict judgeProbe(const std::vector<Reply>& replies, CheckResult& result) override {
    const auto& reply = std::get<PingReply>(replies.front());
    answeredBefore_ = answeredBefore_ || reply.answered > 0;
    fill(reply, result);
    return judgeUnreachable(spec_, reply);
  }

  const PingSpec& spec_;
  bool answeredBefore_ = false;
};

}  // namespace

std::unique_ptr<Procedure> makePingProcedure(const PingSpec& spec) {
  if (spec.measures()) {
    return std::make_unique<Measured>(spec);
  }
  if (spec.reachable) {
    return std::make_unique<Reachable>(spec);
  }
  if (!spec.to.standIn.empty()) {
    return makeArrivalProcedure(spec);
  }
  return std::make_unique<Unreachable>(spec);
}

}  // namespace vpclab::check
