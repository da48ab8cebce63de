#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "daemon/desired.h"
#include "daemon/store.h"
#include "plan/plan.h"

namespace vpclab::daemon {

// By what a plan that was made earlier is known again: {"lab", "applied", "steps": [{"action", "key", "before",
// "after"}]}. `applied` tells the files that were applied when it was made. Keys that are only being given out are
// others each time, so they stand by their access point's name; private keys never occur.
nlohmann::json savedPlan(const plan::Plan& plan, const Desired& desired, const std::optional<StoredLab>& stored);

// What has moved since `expected`, an answer of savedPlan() that has been in other hands, so that `now` is another
// plan; for people, bounded. Empty: they are the same.
std::vector<std::string> whatMoved(const nlohmann::json& expected, const nlohmann::json& now);

}  // namespace vpclab::daemon
