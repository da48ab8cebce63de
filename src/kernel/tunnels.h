#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kernel/execute.h"
#include "kernel/links.h"
#include "plan/plan.h"
#include "state/link.h"

namespace vpclab::kernel {

// A WireGuard interface, made by the kernel or by wireguard-go. Only on threads of onThreads(): visits both of its
// namespaces.
base::Result<> executeWg(Environment& environment, const std::string& lab, const plan::Step& step,
                         base::Deadline deadline);

// The kernel does not tell where a WireGuard device has its socket, so the interface's alias does.
std::string socketAlias(const std::string& socketNetns);
// Empty: not an alias of ours.
std::string socketNetnsOf(const LinkInfo& link);

}  // namespace vpclab::kernel
