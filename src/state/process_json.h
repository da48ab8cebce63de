#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "state/process.h"

namespace vpclab::state {

// The form in which a process travels from daemon to keeper to worker. fromJson(toJson(p)) is p. Decoding is strict: an
// unknown or missing member, a wrong type or a value out of range is kInvalid and names the member.
nlohmann::json processToJson(const Process& process);
base::Result<Process> processFromJson(const nlohmann::json& json);

}  // namespace vpclab::state
