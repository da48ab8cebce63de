#include "daemon/tally.h"

namespace vpclab::daemon {

void Tally::changed(state::Kind kind, plan::Action action, plan::Outcome outcome) {
  const std::lock_guard lock(mutex_);
  ++counts_.changes[{kind, action, outcome}];
}

void Tally::operated(const std::string& verb, const std::string& result, double seconds) {
  const std::lock_guard lock(mutex_);
  auto& durations = counts_.operations[{verb, result}];
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    durations.upTo[i] += seconds <= kBounds[i] ? 1 : 0;
  }
  ++durations.count;
  durations.seconds += seconds;
}

void Tally::processWas(const std::string& state) {
  const std::lock_guard lock(mutex_);
  ++counts_.processEvents[state];
}

Tally::Counts Tally::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace vpclab::daemon
