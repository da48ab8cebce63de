#pragma once

#include <optional>
#include <string>
#include <variant>

#include "daemon/options.h"

namespace vpclab::daemon {

// What vpclabd was asked to be.
struct ServeCommand {
  Options options;
  bool daemonize = false;
};
struct KeeperCommand {
  std::string runDir;
  std::string lab;
  std::string worker;
  std::string netnsDir;
};
struct DoctorCommand {};
// entry/enter.h
struct EnterCommand {
  std::string pin;
  std::string node;
};
// Nothing to do but to end with this status: --help, or bad usage. What there was to say has been said.
struct EndNow {
  int status = 0;
};

using DaemonCommand = std::variant<ServeCommand, KeeperCommand, DoctorCommand, EnterCommand, EndNow>;

DaemonCommand parseArguments(int argc, char** argv);

}  // namespace vpclab::daemon
