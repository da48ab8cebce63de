#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/desired.h"

namespace vpclab::daemon {

// What was wanted of labs and reached, as it was compiled: what is wanted next mostly differs in little. None of small
// labs, which are compiled as quickly, nor of the largest, of which it would take too much memory. It says nothing of
// the kernel. Thread safe.
class Reached {
 public:
  // Null: none.
  std::shared_ptr<const Desired> of(const std::string& lab) const;
  void set(const std::string& lab, std::shared_ptr<const Desired> desired);
  void forget(const std::string& lab);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Desired>> labs_;
};

}  // namespace vpclab::daemon
