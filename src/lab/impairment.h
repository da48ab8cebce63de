#pragma once

#include <string>

#include "lab/object.h"

namespace vpclab::lab {

// Reads `delay`, `jitter`, `loss` and `rate`, of those the shape has. `bandwidth` is another word for the rate: the
// cloud's, where `rate` is the line's.
Impairment parseImpairment(Context& context, const Object& object);

}  // namespace vpclab::lab
