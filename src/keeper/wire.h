#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "keeper/client.h"
#include "keeper/watcher.h"

namespace vpclab::keeper {

// What travels between a client and the keeper: frames (base/frame_socket.h) whose body is one JSON text, for some
// answers followed by a newline and raw bytes.
//   request: {"op": ..., "timeout_ms": ...}; answer: {"ok": true, ...} or {"ok": false, "kind": ..., "error": ...,
//   "errno": ...}.

// Never throws: bytes that are not UTF-8 become U+FFFD.
std::string dump(const nlohmann::json& json);
// Errors: kProtocol. Only an object is accepted, whose values nest at most base::kMaxJsonDepth deep.
base::Result<nlohmann::json> parse(std::string_view text);

nlohmann::json errorToJson(const base::Error& error);
base::Error errorFromJson(const nlohmann::json& json);

// For a pipe or a packet: one write of at most PIPE_BUF bytes, longer messages are cut.
std::string encodeError(const base::Error& error);
base::Error decodeError(std::string_view text);

nlohmann::json tunnelToJson(const Tunnel& tunnel);
base::Result<Tunnel> tunnelFromJson(const nlohmann::json& json);

std::string_view nameOf(RunState state);

nlohmann::json listingToJson(const Listing& listing);
base::Result<Listing> listingFromJson(const nlohmann::json& json);

nlohmann::json eventToJson(const Event& event);
base::Result<Event> eventFromJson(const nlohmann::json& json);

// A member of the given type; kProtocol where it is missing or of another.
base::Result<std::string> stringMember(const nlohmann::json& json, const char* name);
base::Result<std::int64_t> integerMember(const nlohmann::json& json, const char* name, std::int64_t min,
                                         std::int64_t max);

}  // namespace vpclab::keeper
