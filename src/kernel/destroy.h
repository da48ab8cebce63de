#pragma once

#include <string>
#include <vector>

#include "kernel/execute.h"

namespace vpclab::kernel {

// KernelPort::destroy().
std::vector<base::Error> destroy(Environment& environment, const std::string& lab, base::Deadline deadline);

// KernelPort::labs().
base::Result<std::vector<std::string>> listLabs(const Environment& environment, base::Deadline deadline);

}  // namespace vpclab::kernel
