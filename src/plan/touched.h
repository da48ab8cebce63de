#pragma once

#include <set>
#include <span>
#include <string>

#include "plan/plan.h"
#include "state/state.h"

namespace vpclab::plan {

// The namespaces in which something may be otherwise once the steps have been tried, whatever came of them, seen from
// `before`: those that the steps are about, and where the cables lead to that go with a namespace or make way for a
// link: the kernel takes the far ends away too, with all that is on them. Tunnels aside, which may end by themselves.
std::set<std::string> touchedBy(std::span<const Step> steps, const state::State& before);

}  // namespace vpclab::plan
