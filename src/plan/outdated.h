#pragma once

#include <vector>

#include "plan/plan.h"
#include "state/state.h"

namespace vpclab::plan {

// Whom nodes may have learnt by ARP as somebody else than he will be once the plan is carried out: the address is
// another one's, or its MAC is another one. The kernel believes what it has learnt for half a minute, so who is not
// told sends into the void. Empty where neighbours are permanent, which are objects like others.
std::vector<state::Neighbours> outdatedNeighbours(const Plan& plan, const state::State& desired,
                                                  const state::State& observed);

}  // namespace vpclab::plan
