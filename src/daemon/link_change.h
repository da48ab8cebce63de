#pragma once

#include <string>

#include "api/request.h"
#include "base/result.h"
#include "compile/compile.h"
#include "state/state.h"

namespace vpclab::daemon {

// Which of a node's links is meant: `wanted`, by its name or full name, or the only one where that is empty. Errors:
// kNotFound and kInvalid name the node and its links.
base::Result<std::string> pickLink(const compile::Node& node, const std::string& wanted);

// What the kernel should have when a link of it is changed as asked: `observed`, but for that link. `desired` tells
// what comes back when it goes up: the kernel has dropped the routes of a link that went down. Pure. Errors: kNotFound,
// kInvalid, kUnsupported; each names node and link.
base::Result<state::State> withLinkSet(const state::State& observed, const state::State& desired,
                                       const state::Capabilities& capabilities, const std::string& node,
                                       const std::string& link, const api::LinkRequest& request);

}  // namespace vpclab::daemon
