#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::keeper {

// Which network namespace it is. A namespace that was deleted and made again under the same name is another one.
struct NetnsId {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const NetnsId&) const = default;
};

struct OpenNetns {
  base::UniqueFd fd;
  NetnsId id;
};

// The namespaces of one lab, as pinned by ip-netns(8): <directory>/vpclab.<lab>.<node>.
class NetnsPins {
 public:
  NetnsPins(std::string directory, std::string lab) : directory_(std::move(directory)), lab_(std::move(lab)) {}

  base::Result<OpenNetns> open(const std::string& node) const;
  // Whether the node's pin still shows that namespace.
  bool isStill(const std::string& node, const NetnsId& id) const;

 private:
  base::Result<std::string> path(const std::string& node) const;

  std::string directory_;
  std::string lab_;
};

// Puts this thread into a network namespace until the end of the scope. If it cannot come back, the process is aborted:
// nothing that it would do next could be right.
class NetnsScope {
 public:
  static base::Result<NetnsScope> enter(int netns);
  NetnsScope(NetnsScope&&) = default;
  NetnsScope& operator=(NetnsScope&&) = delete;
  ~NetnsScope();

 private:
  explicit NetnsScope(base::UniqueFd home) : home_(std::move(home)) {}
  base::UniqueFd home_;
};

}  // namespace vpclab::keeper
