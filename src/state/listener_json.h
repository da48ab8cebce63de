#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "state/process.h"

namespace vpclab::state {

// A listener of a load balancer as JSON and back, as part of a process (process_json.h). `where` is what an error calls
// the object. Errors: kInvalid.
nlohmann::json listenerToJson(const Listener& listener);
base::Result<Listener> decodeListener(const nlohmann::json& json, const std::string& where);

nlohmann::json listenToJson(const ListenAddress& listen);
base::Result<ListenAddress> decodeListen(const nlohmann::json& json, const std::string& where);

}  // namespace vpclab::state
