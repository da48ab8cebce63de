#pragma once

#include <set>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::kernel {

// Hears of pins that are deleted or renamed, by inotify(7).
class PinWatch {
 public:
  static base::Result<PinWatch> open(std::string netnsDir);

  // From now on, the pins of this lab. Idempotent.
  base::Result<> follow(const std::string& lab);
  void forget(const std::string& lab) { labs_.erase(lab); }

  // To be polled for reading.
  int fd() const { return fd_.get(); }
  // The labs that have lost pins since the last call; all of them where the kernel lost count. Never waits.
  std::set<std::string> changed();

 private:
  PinWatch(std::string netnsDir, base::UniqueFd fd) : netnsDir_(std::move(netnsDir)), fd_(std::move(fd)) {}

  std::string netnsDir_;
  base::UniqueFd fd_;
  std::set<std::string> labs_;
};

}  // namespace vpclab::kernel
