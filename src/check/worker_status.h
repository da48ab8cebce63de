#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "check/runner.h"

// What a LabPort answers, out of a worker's answer to {"op":"status"} (worker/status_json.h). Members that the checks
// do not need may be there; those they need must be of their type. Errors: kProtocol; kNotFound for a listener that is
// not there.
namespace vpclab::check {

base::Result<std::vector<BackendStatus>> backendsOf(const nlohmann::json& status, const std::string& listener);

// Server id -> ids with that prefix, of the pages' worker; a server without any is there with none.
base::Result<std::map<std::string, std::vector<std::string>>> requestIdsOf(const nlohmann::json& status,
                                                                           const std::string& prefix);

}  // namespace vpclab::check
