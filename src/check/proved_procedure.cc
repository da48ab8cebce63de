#include "check/proved_procedure.h"

namespace vpclab::check {

Round ProvedProcedure::next(std::chrono::milliseconds left) {
  return proved_ ? probe() : proof_.next(left);
}

Procedure::Step ProvedProcedure::judge(const std::vector<Reply>& replies, LabPort& /*lab*/, CheckResult& result) {
  result.outcome = Outcome::kFailed;
  if (!proved_) {
    const auto missing = proof_.missing(replies);
    proved_ = !missing;
    result.seen = missing.value_or("no probe yet");
    return proved_ ? Step::kNext : Step::kAgain;
  }
  proved_ = false;  // of this round only
  const Verdict verdict = judgeProbe(replies, result);
  result.seen = verdict.seen;
  result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
  return verdict.passed ? Step::kDone : Step::kAgain;
}

}  // namespace vpclab::check
