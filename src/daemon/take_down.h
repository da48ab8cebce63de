#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/engine.h"
#include "daemon/session.h"

namespace vpclab::daemon {

// Whether nothing here is called so: neither in the store, where one look is enough for most, nor, with our mark, in
// the kernel.
bool isUnknown(Engine& engine, const std::string& lab);

// Takes the lab away with all that is remembered of it; the caller holds it. Best effort: what could be removed is gone
// even where something failed. What is another's is left alone and reported.
std::vector<std::string> takeDown(Engine& engine, const std::string& lab, Session& session);

// The daemon that serves only as long as there is a lab has done its work. Returns whether it ends: not while somebody
// else works on anything, who may bring up another lab.
bool endIfLast(Engine& engine, std::size_t ownHolds);
// To be called by whoever has let go of a lab: what could not end for his sake ends now, unless there is a lab again.
void endIfDue(Engine& engine);

}  // namespace vpclab::daemon
