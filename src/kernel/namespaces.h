#pragma once

#include <set>
#include <string>
#include <vector>

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
// Those of the nodes in whose namespaces somebody's process lives.
std::set<std::string> heldNodes(const Environment& environment, const std::string& lab,
                                const std::vector<std::string>& nodes);
// Takes its pin away, with which it goes; succeeds if it is gone already. Nothing of it may answer any more, where
// another node may have its address by then: it goes a moment later, so its addresses are taken first; where it is
// `held`, by somebody's process in it, it stays for as long as that does, and its cables are cut. Errors: kForeign.
base::Result<> deleteNetns(Environment& environment, const std::string& lab, const state::Netns& netns, bool held,
                           base::Deadline deadline);

// Enters the pinned namespace and opens a socket in it.
base::Result<NetlinkSocket> enterPinned(const std::string& path);
// The same, and makes sure that it is ours.
base::Result<NetlinkSocket> enterOwned(const Environment& environment, const std::string& path,
                                       base::Deadline deadline);
// Whether one of the two says that there is no namespace: a dead pin, or one that went away just now.
bool isGone(const base::Error& error);

}  // namespace vpclab::kernel
