#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::daemon {

// A daemon's directory, claimed: no second daemon can claim it while this object lives (flock(2), so a killed daemon's
// claim ends with it).
class RunDir {
 public:
  // Makes the directory where it is missing (0755; labs/ 0700). Errors: kBusy names the daemon that has it; kPermission
  // for a directory that others can write to.
  static base::Result<RunDir> claim(const std::string& path);

  const std::string& path() const { return path_; }
  std::string logPath() const { return path_ + "/vpclabd.log"; }

  // The API's socket: 0660, of the group vpclab where that exists. A dead daemon's socket is replaced.
  base::Result<base::UniqueFd> listen() const;
  void removeSocket() const;
  // Removes all that the daemon put there, and the directory if nothing else is left in it.
  void removeAll() const;

 private:
  RunDir(std::string path, base::UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  base::UniqueFd lock_;
};

}  // namespace vpclab::daemon
