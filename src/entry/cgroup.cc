#include "entry/cgroup.h"

#include <array>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/text.h"

namespace vpclab::entry {

namespace {

// systemd's, alone and beside version 1.
constexpr std::array kRoots = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

}  // namespace

std::optional<std::string> cgroupPath(std::string_view text) {
  constexpr std::string_view kUnified = "0::";
  for (const auto line : base::split(text, '\n')) {
    if (!line.starts_with(kUnified)) {
      continue;
    }
    const auto path = line.substr(kUnified.size());
    for (const auto part : base::split(path, '/')) {
      if (part == "..") {
        return std::nullopt;
      }
    }
    return path.starts_with('/') ? std::optional<std::string>(path) : std::nullopt;
  }
  return std::nullopt;
}

base::UniqueFd openCgroup(std::string_view text) {
  const auto path = cgroupPath(text);
  for (const char* root : kRoots) {
    struct statfs info = {};
    if (path && ::statfs(root, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC) {
      return base::UniqueFd(::open((root + *path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    }
  }
  return {};
}

}  // namespace vpclab::entry
