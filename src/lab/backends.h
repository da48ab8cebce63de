#pragma once

#include <string>
#include <vector>

#include "lab/context.h"
#include "lab/tree.h"

namespace vpclab::lab {

// Reads a list of backends. `owner`: what messages call it, as in `listener "web"`.
std::vector<Backend> parseBackends(Context& context, const std::vector<ValuePtr>& items, const std::string& owner);

}  // namespace vpclab::lab
