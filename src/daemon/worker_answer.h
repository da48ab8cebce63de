#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "keeper/client.h"

namespace vpclab::daemon {

// A worker's answer to {"op":"status"}, for check/worker_status.h. Errors: those of the keeper.
base::Result<nlohmann::json> workerStatus(keeper::Client& client, const std::string& netns, const std::string& name);
// The same of the worker of all pages, with the requests only whose id begins with `requestIds`: their whole logs are
// megabytes in a large lab.
base::Result<nlohmann::json> pagesStatus(keeper::Client& client, const std::string& requestIds);

}  // namespace vpclab::daemon
