#include "daemon/own_directory.h"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace vpclab::daemon {

using base::ErrorKind;

base::Result<> isOwnDirectory(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) {
    return base::failErrno("stat " + path);
  }
  if (!S_ISDIR(info.st_mode)) {
    return base::fail(ErrorKind::kForeign, path + " is in the way: it is no directory");
  }
  if (info.st_uid != ::geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return base::fail(ErrorKind::kPermission, path + " can be written to by others: it must belong to us alone");
  }
  return {};
}

base::Result<> makeOwnDirectory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    // The umask may have taken bits away.
    return ::chmod(path.c_str(), mode) == 0 ? base::syncDirectory(base::parentOf(path))
                                            : base::failErrno("chmod " + path);
  }
  return errno == EEXIST ? isOwnDirectory(path) : base::failErrno("make the directory " + path);
}

}  // namespace vpclab::daemon
