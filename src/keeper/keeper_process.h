#pragma once

#include <functional>

#include "base/result.h"
#include "keeper/client.h"

namespace vpclab::keeper {

// The keeper itself, once it is in its own session and PID namespace. `started` is called when clients can connect;
// returns after the end of all that it kept.
base::Result<> runKeeperProcess(const Address& address, const std::string& workerProgram, const std::string& netnsDir,
                                const std::function<void()>& started);

}  // namespace vpclab::keeper
