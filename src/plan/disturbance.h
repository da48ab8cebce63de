#pragma once

#include "plan/plan.h"

namespace vpclab::plan {

// Notes with each step what carrying it out does to traffic that is there now: the connections that break, the pings
// that fail, and whether only until the plan is through. What a step makes anew disturbs nobody.
void noteDisturbances(Plan& plan, const state::State& observed);

}  // namespace vpclab::plan
