#pragma once

#include <string>

#include "base/result.h"

namespace vpclab::cli {

// A program of ours in the directory of this one.
std::string programBeside(const std::string& name);

// Starts `vpclabd --daemonize --exit-after-last-lab`; returns once clients can connect.
base::Result<> startDaemon(const std::string& runDir);

}  // namespace vpclab::cli
