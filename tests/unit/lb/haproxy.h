#pragma once

#include <string>

#include "base/unique_fd.h"
#include "unit/lb/worker_process.h"

namespace vpclab::test {

// Debian's HAProxy as the oracle, with one proxy "web" on a listening socket that stays the caller's.
class HaProxy {
 public:
  static bool available();
  // `lines`: of the proxy's section, each with its line feed.
  HaProxy(const Listening& front, const std::string& lines);
  ~HaProxy();
  HaProxy(const HaProxy&) = delete;
  HaProxy& operator=(const HaProxy&) = delete;

  // What it has logged, or said when it did not like its configuration.
  std::string log() const;

 private:
  base::UniqueFd output_;
  int pid_ = -1;
};

}  // namespace vpclab::test
