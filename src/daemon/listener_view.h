#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace vpclab::daemon {

// What `inspect` says of a listener that its worker knows, out of the worker's status (worker/status_json.h). The
// worker parses what strangers send, so nothing of its answer is taken without a look: only what is named here, of the
// right type, and not longer than makes sense. Errors: kProtocol; kNotFound for a listener that it does not have.
base::Result<nlohmann::json> listenerView(const nlohmann::json& status, const std::string& listener);

}  // namespace vpclab::daemon
