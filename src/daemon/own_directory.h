#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace vpclab::daemon {

// Makes the directory where it is missing. Errors: kForeign for something else in its place; kPermission for a
// directory that others could write to.
base::Result<> makeOwnDirectory(const std::string& path, mode_t mode);
// The same without making it. kNotFound where nothing is there.
base::Result<> isOwnDirectory(const std::string& path);

}  // namespace vpclab::daemon
