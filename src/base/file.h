#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::base {

// Reads a regular file whole. Errors: kLimit if it holds more than maxBytes, kInvalid if it is no regular file.
Result<std::string> readFile(const std::string& path, std::size_t maxBytes);

// Reads a small file of /proc or /sys (which report no size), up to maxBytes.
Result<std::string> readProcFile(const std::string& path, std::size_t maxBytes = 1 << 20);

// Writes the file beside its place, syncs it, then renames it over: readers see the old or the new one, never a part.
Result<> writeFileAtomically(const std::string& path, std::string_view content, unsigned mode);

// Writes all of `data`, going on after EINTR and short writes. For files and blocking sockets.
Result<> writeAll(int fd, std::string_view data);

}  // namespace vpclab::base
