#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace vpclab::kernel {

// Whether any namespace of the lab is there that the daemon of this run directory has made, whatever its files say:
// dead pins and those of others are none. Errors: kTimeout, kSystem.
base::Result<bool> hasNamespaces(const std::string& runDir, const std::string& netnsDir, const std::string& lab,
                                 base::Deadline deadline);

}  // namespace vpclab::kernel
