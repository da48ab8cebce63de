#pragma once

#include <cstddef>
#include <vector>

#include "plan/plan.h"

namespace vpclab::plan {

// For each step of the plan, the earlier steps without which it cannot succeed, by index.
std::vector<std::vector<std::size_t>> dependencies(const Plan& plan);

}  // namespace vpclab::plan
