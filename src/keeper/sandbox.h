#pragma once

#include <string>

#include "base/result.h"
#include "keeper/spawn.h"
#include "state/process.h"

namespace vpclab::keeper {

// Whether the command can be started at all. Errors: kInvalid, kLimit.
base::Result<> checkCommand(const state::Command& command);

// The child that runs a lab's command: the first process of a PID namespace, in private mount, UTS and IPC namespaces,
// with the command as its own child. It passes signals on, reaps what the command leaves behind, and ends with the
// command; the kernel then ends everything else in there. Command and netns must outlive the call to spawn().
ChildPlan planCommand(const state::Command& command, const std::string& node, const OpenNetns* netns);

// The child that runs wireguard-go(8) with this tun, with a /run of its own. `standIn`: an interface of the same name
// in the namespace where it runs, which it keeps open (tun.h says why).
ChildPlan planTunnel(const std::string& interfaceName, const OpenNetns* netns, int tun, int standIn);
// Where its UAPI socket is, below its own root.
std::string uapiPath(const std::string& interfaceName);

// What every child starts with.
std::vector<std::string> baseEnvironment();

}  // namespace vpclab::keeper
