#pragma once

#include <string>

namespace vpclab::daemon {

struct Options {
  std::string runDir = "/run/vpclab";
  std::string netnsDir = "/run/netns";
  bool exitAfterLastLab = false;
  std::string logLevel = "info";
  std::string program;        // absolute path of vpclabd, which is also the keeper
  std::string workerProgram;  // absolute path of vpclab-worker
};

}  // namespace vpclab::daemon
