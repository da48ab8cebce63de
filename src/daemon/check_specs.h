#pragma once

#include <vector>

#include "check/spec.h"
#include "daemon/desired.h"

namespace vpclab::daemon {

// A lab's checks with every id turned into addresses, and for each place what proves that it works. Pure. Only for a
// Desired that was compiled. `observed`: what the kernel has of the lab, which says how long answers may take.
std::vector<check::CheckSpec> checkSpecs(const Desired& desired, const state::State& observed);

}  // namespace vpclab::daemon
