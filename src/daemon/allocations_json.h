#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "compile/compile.h"

namespace vpclab::daemon {

// With the private keys in it: for the store alone.
nlohmann::json allocationsToJson(const compile::Allocations& allocations);
// Strict. Errors: kInvalid.
base::Result<compile::Allocations> allocationsFromJson(const nlohmann::json& json);

}  // namespace vpclab::daemon
