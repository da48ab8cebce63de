#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::daemon {

// Goes on as a process of its own: own session, / as directory, nothing of the terminal, no descriptor of the caller's.
// The process that was started waits for ready() or failed() and then ends with what it is told. Before any thread is
// started or descriptor opened.
class Background {
 public:
  // Returns in the child only.
  static base::Result<Background> enter();

  void ready();
  void failed(const std::string& why);

 private:
  explicit Background(base::UniqueFd report) : report_(std::move(report)) {}
  base::UniqueFd report_;
};

}  // namespace vpclab::daemon
