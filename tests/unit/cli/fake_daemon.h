#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "api/event.h"
#include "base/unique_fd.h"

namespace vpclab::tests {

// A daemon in a process of its own that takes one request and answers with the given lines, events or anything else.
class FakeDaemon {
 public:
  // `user`: as whom it listens, which only root can say.
  FakeDaemon(const std::string& runDir, const std::vector<std::string>& lines, std::optional<uid_t> user = {});
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  std::string request();  // what it got: head and body; waits for its end

 private:
  pid_t pid_ = -1;
  base::UniqueFd got_;
};

}  // namespace vpclab::tests
