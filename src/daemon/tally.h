#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "plan/apply.h"

namespace vpclab::daemon {

// What the daemon has counted since it started. What is counted by is bounded: verbs, kinds, outcomes; never what a
// client can name. Thread safe.
class Tally {
 public:
  // In seconds: from a lab that is as it should be to thousands of servers.
  static constexpr std::array<double, 9> kBounds{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60, 600};

  struct Durations {
    std::array<std::uint64_t, kBounds.size()> upTo{};  // each with all that were shorter
    std::uint64_t count = 0;
    double seconds = 0;
  };
  struct Counts {
    std::map<std::tuple<state::Kind, plan::Action, plan::Outcome>, std::uint64_t> changes;
    std::map<std::pair<std::string, std::string>, Durations> operations;  // verb, result
    std::map<std::string, std::uint64_t> processEvents;                   // state
  };

  void changed(state::Kind kind, plan::Action action, plan::Outcome outcome);
  void operated(const std::string& verb, const std::string& result, double seconds);
  void processWas(const std::string& state);
  Counts counts() const;

 private:
  mutable std::mutex mutex_;
  Counts counts_;  // guarded by mutex_
};

}  // namespace vpclab::daemon
