#pragma once

#include <string>
#include <utility>
#include <vector>

#include "state/process.h"

namespace vpclab::plan {

// A listener's settings, each by its name, as a plan shows what changes.
std::vector<std::pair<std::string, std::string>> listenerFields(const state::Listener& listener);

}  // namespace vpclab::plan
