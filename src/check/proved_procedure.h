#pragma once

#include "check/expect.h"
#include "check/procedure.h"
#include "check/proof.h"

namespace vpclab::check {

// How a check comes to its result where nothing must arrive: a round of probes means something only behind one that has
// proved prober and target, each time anew.
class ProvedProcedure : public Procedure {
 public:
  // Both must outlive it.
  ProvedProcedure(const Vantage& from, const Target& to) : proof_(from, to) {}

  Round next(std::chrono::milliseconds left) final;
  Step judge(const std::vector<Reply>& replies, LabPort& lab, CheckResult& result) final;

 private:
  virtual Round probe() = 0;
  // May fill in what was measured, beside the verdict.
  virtual Verdict judgeProbe(const std::vector<Reply>& replies, CheckResult& result) = 0;

  Proof proof_;
  bool proved_ = false;
};

}  // namespace vpclab::check
