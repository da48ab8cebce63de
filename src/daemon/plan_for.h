#pragma once

#include <optional>

#include "daemon/engine.h"
#include "plan/plan.h"

namespace vpclab::daemon {

// What gets the kernel from `observed` to what is desired. What goes is said to be where `stored`, the lab as it was
// applied until now, has it.
plan::Plan planFor(Engine& engine, const Desired& desired, const std::optional<StoredLab>& stored,
                   const state::State& observed);

}  // namespace vpclab::daemon
