#include "check/expect.h"
#include "check/procedure.h"
#include "check/proof.h"

namespace vpclab::check {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOwnTime{2'000};     // for the target's own packets, which do not leave it
constexpr milliseconds kProberTime{1'000};  // in which some twenty are sent

// A ping says nothing where another node answers in the target's place. So packets are sent to a receiver of ours in
// the target itself, by the prober, and by the target to prove that the receiver works.
class Arrival : public Procedure {
 public:
  explicit Arrival(const PingSpec& spec) : spec_(spec), proof_(spec.from, spec.to) {}

  Round next(milliseconds left) override {
    if (!proved_) {
      return proof_.next(left);
    }
    Round round;
    addCount(round, spec_.to.alive->node, kOwnTime);
    addCount(round, spec_.from.node, kProberTime);
    round.takes = kOwnTime;
    return round;
  }

  Step judge(const std::vector<Reply>& replies, LabPort& /*lab*/, CheckResult& result) override {
    result.outcome = Outcome::kFailed;
    if (!proved_) {
      const auto missing = proof_.missing(replies);
      proved_ = !missing;
      result.seen = missing.value_or("no probe yet");
      return proved_ ? Step::kNext : Step::kAgain;
    }
    const Verdict verdict = judgeArrival(spec_, std::get<CountReply>(replies[0]), std::get<CountReply>(replies[1]));
    proved_ = false;  // of this round only
    result.seen = verdict.seen;
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    return verdict.passed ? Step::kDone : Step::kAgain;
  }

 private:
  void addCount(Round& round, const std::string& sender, milliseconds time) const {
    CountJob job;
    job.client = round.socket(sender, SocketKind::kUdp);
    job.server = round.socket(spec_.to.alive->node, SocketKind::kUdp);
    job.target = spec_.to.address;
    job.packets = 1;
    job.deadline = time;
    round.jobs.emplace_back(job);
  }

  const PingSpec& spec_;
  Proof proof_;
  bool proved_ = false;
};

}  // namespace

std::unique_ptr<Procedure> makeArrivalProcedure(const PingSpec& spec) {
  return std::make_unique<Arrival>(spec);
}

}  // namespace vpclab::check
