#pragma once

#include <string>

namespace vpclab::daemon {

struct Options {
  std::string runDir = "/run/vpclab";
  std::string netnsDir = "/run/netns";
  std::string stateDir;  // of what outlives a reboot; empty: nothing does
  bool exitAfterLastLab = false;
  bool heal = false;  // whatever differs from what was applied, and not only what has ended
  std::string logLevel = "info";
  std::string program;        // absolute path of vpclabd, which is also the keeper
  std::string workerProgram;  // absolute path of vpclab-worker
};

}  // namespace vpclab::daemon
