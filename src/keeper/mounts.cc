#include "keeper/mounts.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

namespace vpclab::keeper {

namespace {

constexpr std::size_t kMaxDirectories = 512;

struct Directory {
  std::string path;  // below the covered one
  mode_t mode = 0755;
  uid_t owner = 0;
  gid_t group = 0;
};

// Not what belongs to the host's own services: a program that finds /run/systemd would try to talk to it.
bool belongsToHost(std::string_view name) {
  for (const std::string_view other : {"systemd", "netns", "user", "udev", "docker", "containerd", "credentials"}) {
    if (name == other) {
      return true;
    }
  }
  return name.starts_with('.');
}

void collect(int parent, const std::string& name, const std::string& prefix, int depth, std::vector<Directory>* out) {
  const int fd = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    return;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd), ::closedir);
  while (directory) {
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr || out->size() >= kMaxDirectories) {
      return;
    }
    struct stat info = {};
    if (belongsToHost(entry->d_name) || ::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(info.st_mode)) {
      continue;
    }
    const std::string path = prefix + entry->d_name;
    out->push_back({path, info.st_mode & 07777, info.st_uid, info.st_gid});
    if (depth > 1) {
      collect(fd, entry->d_name, path + "/", depth - 1, out);
    }
  }
}

base::Result<> mountAt(const char* type, const std::string& path, unsigned long flags, const char* options) {
  if (::mount(type, path.c_str(), type, flags, options) != 0) {
    return base::failErrno(std::string("mount ") + type + " on " + path);
  }
  return {};
}

// Makes what is below `path` read-only for this mount namespace.
base::Result<> makeReadOnly(const std::string& path) {
  if (::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
      ::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
              nullptr) != 0) {
    return base::failErrno("make " + path + " read-only");
  }
  return {};
}

}  // namespace

std::string runDirectory() {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath("/var/run", nullptr), std::free);
  return real ? real.get() : "/run";
}

base::Result<> makeMountsPrivate() {
  // Not MS_PRIVATE: what the host unmounts has to go here too, else a lab would keep its file systems busy.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return base::failErrno("make the mounts private");
  }
  return {};
}

base::Result<> coverDirectory(const std::string& path, bool keepDirectories) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return {};  // a symbolic link leads to another of these directories
  }
  std::vector<Directory> directories;
  if (keepDirectories) {
    collect(AT_FDCWD, path, "", 2, &directories);
  }
  std::array<char, 64> options{};
  std::snprintf(options.data(), options.size(), "mode=%o,size=64m,nr_inodes=16384", info.st_mode & 07777U);
  if (auto mounted = mountAt("tmpfs", path, MS_NOSUID | MS_NODEV, options.data()); !mounted) {
    return mounted;
  }
  for (const auto& directory : directories) {
    const std::string full = path + "/" + directory.path;
    if (::mkdir(full.c_str(), 0700) != 0 || ::chown(full.c_str(), directory.owner, directory.group) != 0 ||
        ::chmod(full.c_str(), directory.mode) != 0) {
      return base::failErrno("make the directory " + full);
    }
  }
  return {};
}

base::Result<> mountKernelViews() {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (auto mounted = mountAt("proc", "/proc", kFlags, nullptr); !mounted) {
    return mounted;
  }
  if (auto done = makeReadOnly("/proc/sys"); !done) {
    return done;
  }
  // /proc/sys/net shows the network namespace of whoever looks: it is the node's own, so the node may write it.
  if (::mount("/proc/sys/net", "/proc/sys/net", nullptr, MS_BIND, nullptr) != 0 ||
      ::mount(nullptr, "/proc/sys/net", nullptr, MS_REMOUNT | MS_BIND | kFlags, nullptr) != 0) {
    return base::failErrno("make /proc/sys/net writable");
  }
  if (auto done = makeReadOnly("/proc/sysrq-trigger"); !done && done.error().kind() != base::ErrorKind::kNotFound) {
    return done;
  }
  return mountAt("sysfs", "/sys", kFlags | MS_RDONLY, nullptr);
}

base::Result<base::UniqueFd> makeTmpfs() {
  const base::UniqueFd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "mode", "0755", 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_SET_STRING, "size", "64m", 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return base::failErrno("make a tmpfs");
  }
  base::UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  if (!mount) {
    return base::failErrno("make a tmpfs");
  }
  return mount;
}

}  // namespace vpclab::keeper
