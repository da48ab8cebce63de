#include "base/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>

namespace vpclab::base {

namespace {

Result<std::string> readDescriptor(int fd, const std::string& path, std::size_t maxBytes) {
  std::string out;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }
      return failErrno("read " + path);
    }
    if (n == 0) {
      return out;
    }
    if (out.size() + static_cast<std::size_t>(n) > maxBytes) {
      return fail(ErrorKind::kLimit, path + " is larger than the limit of " + std::to_string(maxBytes) + " bytes");
    }
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

Result<std::string> readFile(const std::string& path, std::size_t maxBytes) {
  // O_NONBLOCK: opening a FIFO must not hang.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    return failErrno("open " + path);
  }
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) {
    return failErrno("stat " + path);
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorKind::kInvalid, path + (S_ISDIR(info.st_mode) ? " is a directory" : " is not a regular file"));
  }
  return readDescriptor(fd.get(), path, maxBytes);
}

Result<std::string> readProcFile(const std::string& path, std::size_t maxBytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return failErrno("open " + path);
  }
  return readDescriptor(fd.get(), path, maxBytes);
}

Result<> writeAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }
      return failErrno("write");
    }
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<> syncDirectory(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    // Who may write to a directory, but not read it, cannot sync it.
    return errno == EACCES ? Result<>() : failErrno("open " + path);
  }
  // EINVAL: this file system has nothing to sync there.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) {
    return failErrno("fsync " + path);
  }
  return {};
}

std::string parentOf(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

Result<> writeFileAtomically(const std::string& path, std::string_view content, unsigned mode) {
  const std::string temporary = path + ".new";
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) {
    return failErrno("create " + temporary);
  }
  auto written = writeAll(fd.get(), content);
  if (!written) {
    written = fail(std::move(written.error()).context("write " + temporary));
  } else if (::fsync(fd.get()) != 0) {
    written = failErrno("fsync " + temporary);
  } else if (::rename(temporary.c_str(), path.c_str()) != 0) {
    written = failErrno("rename " + temporary + " to " + path);
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return syncDirectory(parentOf(path));
}

}  // namespace vpclab::base
