#pragma once

#include <nlohmann/json_fwd.hpp>

#include "state/state.h"

namespace vpclab::state {

// For --json and events. Private keys, page bodies and file contents never appear: a key shows as its public half,
// content as its size in bytes.
nlohmann::json toJson(const Key& key);        // {"kind", "netns", "name"}; "host" where it is not this one
nlohmann::json toJson(const Object& object);  // {"kind", ...}: one member per field
nlohmann::json toJson(const Origin& origin);  // {"noun", "file", "line", "column"}; null where nothing is known
nlohmann::json toJson(const State& state);    // [{"key", "object", "origin"}] in the order of keys

}  // namespace vpclab::state
