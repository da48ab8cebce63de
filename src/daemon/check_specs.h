#pragma once

#include <vector>

#include "check/spec.h"
#include "daemon/desired.h"

namespace vpclab::daemon {

// A lab's checks with every id turned into addresses, and for each place what proves that it works. Pure. Only for a
// Desired that was compiled.
std::vector<check::CheckSpec> checkSpecs(const Desired& desired);

}  // namespace vpclab::daemon
