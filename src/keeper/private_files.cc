#include "keeper/private_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/text.h"
#include "keeper/mounts.h"

namespace vpclab::keeper {

namespace {

constexpr std::size_t kMaxFiles = 256;
constexpr std::size_t kMaxBytes = 16U << 20U;  // of all together
constexpr std::size_t kMaxEntries = 8192;      // of a directory that has to be covered

// Where a file has to appear, with symbolic links followed as far as the host has anything.
struct Place {
  std::string directory;             // exists
  std::vector<std::string> missing;  // directories to make below it
  std::string name;
  bool exists = false;
  mode_t mode = 0644;
};

base::Result<std::string> resolve(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  if (!real) {
    return base::failErrno("resolve " + path);
  }
  return std::string(real.get());
}

base::Result<Place> locate(const std::string& path) {
  Place place;
  std::string whole = path;
  if (auto real = resolve(path)) {
    whole = *real;  // a link's target is what a program would read
  }
  place.name = whole.substr(whole.rfind('/') + 1);
  std::string directory = whole.substr(0, whole.rfind('/'));
  for (;;) {
    auto real = resolve(directory.empty() ? "/" : directory);
    if (real) {
      place.directory = *real;
      break;
    }
    if (real.error().kind() != base::ErrorKind::kNotFound || directory.empty()) {
      return base::fail(std::move(real.error()));
    }
    const auto slash = directory.rfind('/');
    place.missing.insert(place.missing.begin(), directory.substr(slash + 1));
    directory.resize(slash);
  }
  struct stat info = {};
  if (place.missing.empty() && ::stat((place.directory + "/" + place.name).c_str(), &info) == 0) {
    if (!S_ISREG(info.st_mode)) {
      return base::fail(base::ErrorKind::kInvalid, path + " is no regular file on this host");
    }
    place.exists = true;
    place.mode = info.st_mode & 0777;
  }
  return place;
}

// The tmpfs that holds all the files and covering directories of one command.
//
// Parts of it are shown elsewhere by cloning its mount, which kernels before 6.15 allow only of an attached one. So it
// is attached over "/", where nothing sees it: a path begins at the root that a process has, not at what is mounted
// over that.
class Stage {
 public:
  static base::Result<Stage> make() {
    auto mount = makeTmpfs();
    if (!mount) {
      return base::fail(std::move(mount.error()));
    }
    if (::move_mount(mount->get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) {
      return base::failErrno("attach a tmpfs");
    }
    return Stage(std::move(*mount));
  }

  base::Result<> show(const state::PrivateFile& file);
  // Detaches it; what is shown elsewhere stays. Changes the working directory to the root.
  base::Result<> end();

 private:
  explicit Stage(base::UniqueFd mount) : mount_(std::move(mount)) {}

  std::string nextName() { return std::to_string(next_++); }
  bool isOurs(const std::string& directory) const;
  base::Result<> coverFile(const state::PrivateFile& file, const Place& place);
  base::Result<> coverDirectory(const std::string& directory, const std::string& except);
  base::Result<> moveOver(const std::string& name, const std::string& target);

  base::UniqueFd mount_;
  int next_ = 0;
  bool underRoot_ = false;  // the root itself was covered, by a mount over this one, which holds it
};

base::Result<> writeAt(int directory, const std::string& name, const std::string& content, mode_t mode) {
  const base::UniqueFd fd(
      ::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) {
    return base::failErrno("create a private " + name);
  }
  ::fchmod(fd.get(), mode);
  return base::writeAll(fd.get(), content);
}

// A tmpfs that this sandbox has put there: writing to it changes nothing of the host's. What the host itself has as
// tmpfs is covered like any other directory, so only mounts made since then count; they are told by their device.
bool Stage::isOurs(const std::string& directory) const {
  struct stat stage = {};
  struct stat there = {};
  return ::fstat(mount_.get(), &stage) == 0 && ::stat(directory.c_str(), &there) == 0 && stage.st_dev == there.st_dev;
}

base::Result<> Stage::moveOver(const std::string& name, const std::string& target) {
  const base::UniqueFd tree(::open_tree(mount_.get(), name.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree || ::move_mount(tree.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return base::failErrno("mount over " + target);
  }
  return {};
}

base::Result<> Stage::coverFile(const state::PrivateFile& file, const Place& place) {
  const std::string name = nextName();
  if (auto written = writeAt(mount_.get(), name, file.content, place.mode); !written) {
    return written;
  }
  return moveOver(name, place.directory + "/" + place.name);
}

struct Entry {
  std::string name;
  struct stat info = {};
  std::string link;  // of a symbolic link
};

base::Result<std::vector<Entry>> readEntries(int fd, const std::string& path, const std::string& except) {
  const int copy = ::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(copy < 0 ? nullptr : ::fdopendir(copy), ::closedir);
  if (!directory) {
    return base::failErrno("open " + path);
  }
  std::vector<Entry> out;
  while (const dirent* found = ::readdir(directory.get())) {
    Entry entry;
    entry.name = found->d_name;
    if (entry.name == "." || entry.name == ".." || entry.name == except) {
      continue;
    }
    if (out.size() >= kMaxEntries) {
      return base::fail(base::ErrorKind::kLimit, path + " has more than " + std::to_string(kMaxEntries) +
                                                     " entries: no private file can be added to it");
    }
    if (::fstatat(fd, found->d_name, &entry.info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;  // it has just gone
    }
    if (S_ISLNK(entry.info.st_mode)) {
      std::array<char, PATH_MAX> target;
      const ssize_t size = ::readlinkat(fd, found->d_name, target.data(), target.size());
      entry.link.assign(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

// Shows the entry of the covered directory at the same name in the one that covers it.
base::Result<> mirror(int covered, int covering, const Entry& entry) {
  const char* name = entry.name.c_str();
  if (S_ISLNK(entry.info.st_mode)) {
    return ::symlinkat(entry.link.c_str(), covering, name) == 0 ? base::Result<>() : base::failErrno("link");
  }
  if (S_ISDIR(entry.info.st_mode)) {
    if (::mkdirat(covering, name, 0700) != 0) {
      return base::failErrno("make a directory");
    }
  } else if (auto written = writeAt(covering, entry.name, "", 0600); !written) {
    return written;
  }
  const base::UniqueFd tree(
      ::open_tree(covered, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW));
  if (!tree || ::move_mount(tree.get(), "", covering, name, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return base::failErrno("show " + entry.name);
  }
  return {};
}

base::Result<> Stage::coverDirectory(const std::string& directory, const std::string& except) {
  const base::UniqueFd covered(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat info = {};
  if (!covered || ::fstat(covered.get(), &info) != 0) {
    return base::failErrno("open " + directory);
  }
  auto entries = readEntries(covered.get(), directory, except);
  if (!entries) {
    return base::fail(std::move(entries.error()));
  }
  const std::string name = nextName();
  if (::mkdirat(mount_.get(), name.c_str(), 0700) != 0 ||
      ::fchownat(mount_.get(), name.c_str(), info.st_uid, info.st_gid, 0) != 0 ||
      ::fchmodat(mount_.get(), name.c_str(), info.st_mode & 07777, 0) != 0) {
    return base::failErrno("make a private " + directory);
  }
  const base::UniqueFd tree(::open_tree(mount_.get(), name.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree || ::move_mount(tree.get(), "", AT_FDCWD, directory.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return base::failErrno("mount over " + directory);
  }
  // A mount over "/" is not what this process has as its root until it says so.
  if (directory == "/") {
    if (::fchdir(tree.get()) != 0 || ::chroot(".") != 0) {
      return base::failErrno("change the root");
    }
    underRoot_ = true;
  }
  for (const auto& entry : *entries) {
    if (auto shown = mirror(covered.get(), tree.get(), entry); !shown) {
      return base::fail(std::move(shown.error()).context("cover " + directory));
    }
  }
  return {};
}

base::Result<> Stage::show(const state::PrivateFile& file) {
  auto place = locate(file.path);
  if (!place) {
    return base::fail(std::move(place.error()));
  }
  if (place->exists) {
    return coverFile(file, *place);
  }
  if (!isOurs(place->directory)) {
    const std::string& gap = place->missing.empty() ? place->name : place->missing.front();
    if (auto covered = coverDirectory(place->directory, gap); !covered) {
      return covered;
    }
  }
  std::string directory = place->directory;
  // A link that leads nowhere may have been mirrored before; the directory is private by now.
  ::unlink((directory + "/" + (place->missing.empty() ? place->name : place->missing.front())).c_str());
  for (const auto& name : place->missing) {
    directory += "/" + name;
    if (::mkdir(directory.c_str(), 0755) != 0) {
      return base::failErrno("make a private " + directory);
    }
  }
  const base::UniqueFd parent(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent) {
    return base::failErrno("open " + directory);
  }
  return writeAt(parent.get(), place->name, file.content, place->mode);
}

base::Result<> Stage::end() {
  if (underRoot_) {
    return {};
  }
  if (::fchdir(mount_.get()) != 0 || ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    return base::failErrno("detach a tmpfs");
  }
  return {};
}

}  // namespace

base::Result<> checkPrivateFiles(std::span<const state::PrivateFile> files) {
  std::size_t bytes = 0;
  for (const auto& file : files) {
    const std::string& path = file.path;
    const std::string shown = "private file \"" + base::printable(path) + "\"";
    if (path.size() < 2 || path.size() >= PATH_MAX || path.front() != '/' || path.find('\0') != std::string::npos) {
      return base::fail(base::ErrorKind::kInvalid, shown + ": not an absolute path");
    }
    const auto parts = base::split(std::string_view(path).substr(1), '/');
    if (std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
          return part.empty() || part == "." || part == ".." || part.size() > NAME_MAX;
        })) {
      return base::fail(base::ErrorKind::kInvalid, shown + ": its path has an empty, \".\" or \"..\" part");
    }
    if (parts.front() == "proc" || parts.front() == "sys" || parts.front() == "dev") {
      return base::fail(base::ErrorKind::kInvalid, shown + ": the kernel's own files cannot be replaced");
    }
    bytes += file.content.size();
  }
  if (files.size() > kMaxFiles || bytes > kMaxBytes) {
    return base::fail(base::ErrorKind::kLimit, "more than " + std::to_string(kMaxFiles) + " private files, or than " +
                                                   std::to_string(kMaxBytes >> 20U) + " MiB of them");
  }
  return {};
}

base::Result<> showPrivateFiles(std::span<const state::PrivateFile> files) {
  if (files.empty()) {
    return {};
  }
  auto stage = Stage::make();
  if (!stage) {
    return base::fail(std::move(stage.error()));
  }
  for (const auto& file : files) {
    if (auto shown = stage->show(file); !shown) {
      return base::fail(std::move(shown.error()).context("private file " + base::printable(file.path)));
    }
  }
  return stage->end();
}

}  // namespace vpclab::keeper
