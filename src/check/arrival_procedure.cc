#include "check/expect.h"
#include "check/procedure.h"
#include "check/proved_procedure.h"

namespace vpclab::check {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOwnTime{2'000};     // for the target's own packets, which do not leave it
constexpr milliseconds kProberTime{1'000};  // in which some twenty are sent

// A ping says nothing where another node answers in the target's place. So packets are sent to a receiver of ours in
// the target itself, by the prober, and by the target to prove that the receiver works.
class Arrival : public ProvedProcedure {
 public:
  explicit Arrival(const PingSpec& spec) : ProvedProcedure(spec.from, spec.to), spec_(spec) {}

 private:
  Round probe() override {
    Round round;
    addCount(round, spec_.to.alive->node, kOwnTime);
    addCount(round, spec_.from.node, kProberTime);
    round.takes = kOwnTime;
    return round;
  }

  Verdict judgeProbe(const std::vector<Reply>& replies, CheckResult& /*result*/) override {
    return judgeArrival(spec_, std::get<CountReply>(replies[0]), std::get<CountReply>(replies[1]));
  }

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
};

}  // namespace

std::unique_ptr<Procedure> makeArrivalProcedure(const PingSpec& spec) {
  return std::make_unique<Arrival>(spec);
}

}  // namespace vpclab::check
