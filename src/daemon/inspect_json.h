#pragma once

#include <nlohmann/json_fwd.hpp>

#include "daemon/engine.h"

namespace vpclab::daemon {

// {"pid", "version", "run_dir", "exit_after_last_lab"}
nlohmann::json daemonToJson(const Engine& engine);
// One lab: its nodes, interfaces, processes, tunnels and load balancers, as far as they can be told; what could not is
// in "problems".
nlohmann::json labToJson(Engine& engine, const std::string& lab);
// The same for people.
std::string labToText(const nlohmann::json& lab);

}  // namespace vpclab::daemon
