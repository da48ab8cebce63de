#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "kernel/execute.h"
#include "state/netns.h"

namespace vpclab::kernel {

// Makes, pins or removes a lab's namespace. Only on threads of onThreads().

// A new namespace carries its owner's mark before it is pinned: a pin without a mark is never ours. The calling thread
// stays in it. Returns a socket in it.
base::Result<NetlinkSocket> createNetns(Environment& environment, const std::string& lab, const state::Netns& netns,
                                        base::Deadline deadline);
base::Result<> updateNetns(Environment& environment, const std::string& lab, const state::Netns& netns,
                           base::Deadline deadline);
// Succeeds if it is gone already. Errors: kForeign.
base::Result<> deleteNetns(Environment& environment, const std::string& lab, const state::Netns& netns,
                           base::Deadline deadline);

// Enters the pinned namespace and opens a socket in it.
base::Result<NetlinkSocket> enterPinned(const std::string& path);
// The same, and makes sure that it is ours.
base::Result<NetlinkSocket> enterOwned(const Environment& environment, const std::string& path,
                                       base::Deadline deadline);

}  // namespace vpclab::kernel
