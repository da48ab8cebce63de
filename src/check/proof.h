#pragma once

#include <optional>
#include <string>

#include "check/procedure.h"

namespace vpclab::check {

// Before "unreachable" means anything: the prober works, and the target is alive on its own side. "Blocked is not
// broken."
class Proof {
 public:
  Proof(const Vantage& from, const Target& to) : from_(from), to_(to) {}

  Round next(std::chrono::milliseconds left) const;
  // nullopt: all is proved. Else what is not, as a sentence.
  std::optional<std::string> missing(const std::vector<Reply>& replies) const;

 private:
  const Vantage& from_;
  const Target& to_;
};

}  // namespace vpclab::check
