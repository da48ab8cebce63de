#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "api/event.h"
#include "base/error.h"

namespace vpclab::daemon {

// How an error ends an operation: bad input and usage apart from failures.
api::Final failed(const base::Error& error);
api::Final finalOf(api::Exit exit, const nlohmann::json& data);
// Of checks: one that has failed says more than those without a result, which say nothing of the lab.
api::Exit verdictOf(std::size_t failedChecks, std::size_t withoutResult);
api::Final badInput(const base::Diagnostics& diagnostics);
// What the operation returns. What it throws, because memory runs out above all, is its failure, and must not end the
// daemon for all.
api::Final resultOf(const std::function<api::Final()>& operation);

// Each line of `text` as an event for people.
class Session;
void sendText(Session& session, const std::string& text);
std::vector<std::string> linesOf(const std::string& text);

}  // namespace vpclab::daemon
