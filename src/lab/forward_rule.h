#pragma once

#include "lab/context.h"
#include "lab/tree.h"

namespace vpclab::lab {

// Reads the rules of a listener, whose protocol and pools are known already, and says which pools get nothing.
void parseForwardRules(Context& context, Listener& listener, const std::vector<ValuePtr>& items);

}  // namespace vpclab::lab
