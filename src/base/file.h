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
// The directory is synced too, so that it is the new one after the host has lost its power. Where that fails, nothing
// of ours is left beside it.
Result<> writeFileAtomically(const std::string& path, std::string_view content, unsigned mode);

// What was made, renamed or removed in the directory stays so when the host loses its power.
Result<> syncDirectory(const std::string& path);
// The directory that the path's last part is in.
std::string parentOf(const std::string& path);

// Writes all of `data`, going on after EINTR and short writes. For files and blocking sockets.
Result<> writeAll(int fd, std::string_view data);

}  // namespace vpclab::base
