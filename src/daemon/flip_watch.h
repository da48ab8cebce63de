#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/event.h"

namespace vpclab::daemon {

// The backends that went up or down between two looks at their load balancer's status, which has the last flips. What a
// worker says is bounded and may be anything; what is no flip is left out.
class FlipWatch {
 public:
  // Flips before `sinceMs` are old.
  explicit FlipWatch(std::uint64_t sinceMs) : sinceMs_(sinceMs) {}
  // Oldest first.
  std::vector<api::Happening> take(const std::string& lab, const std::string& balancer, const nlohmann::json& status);

 private:
  using Flip = std::tuple<std::uint64_t, std::string, std::string, std::string, std::string, std::string>;
  std::uint64_t sinceMs_;
  std::map<std::pair<std::string, std::string>, std::set<Flip>> seen_;  // by lab and balancer: what was there last
};

}  // namespace vpclab::daemon
