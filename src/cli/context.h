#pragma once

#include <string>

namespace vpclab::cli {

// What every verb is given.
struct Context {
  std::string runDir;
  bool json = false;
};

}  // namespace vpclab::cli
