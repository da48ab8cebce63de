#include "kernel/pin_directory.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "kernel/pins.h"

namespace vpclab::kernel {

namespace {

constexpr base::Milliseconds kLockTime{2'000};
constexpr base::Milliseconds kBusyTime{500};
// What the note says is made: the mount, or the directory and with it the mount; and that it has been.
constexpr std::string_view kMount = "mount\n";
constexpr std::string_view kDirectory = "directory\n";
constexpr std::string_view kDone = "done\n";

std::string notePath(const std::string& path) {
  return path + ".made-by-vpclab";
}

// flock(2) offers nothing to wait on with a deadline.
bool lockUntil(int fd, int how, base::Deadline deadline) {
  while (::flock(fd, how | LOCK_NB) != 0) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || deadline.passed()) {
      return false;
    }
    ::poll(nullptr, 0, 2);
  }
  return true;
}

// The file beside the directory, locked for as long as this lives.
class Note {
 public:
  // `how`: LOCK_SH or LOCK_EX, flock(2). Errors: kNotFound without O_CREAT in `flags` where there is none, kBusy.
  static base::Result<Note> open(const std::string& path, int flags, int how, base::Milliseconds patience) {
    const auto deadline = base::Deadline::after(patience);
    for (;;) {
      base::UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
      if (!file) {
        return base::failErrno("open " + path);
      }
      if (!lockUntil(file.get(), how, deadline)) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
          return base::failErrno("lock " + path);
        }
        return base::fail(base::ErrorKind::kBusy, path + " is locked by another daemon for too long");
      }
      Note note(path, std::move(file));
      if (note.isNamed()) {
        return note;
      }
    }
  }

  // From LOCK_EX to LOCK_SH, which is not atomic. Not by another open(2): a helper process that is just being started
  // holds the lock too, until it begins its own program.
  bool share() const { return ::flock(file_.get(), LOCK_SH | LOCK_NB) == 0 && isNamed(); }

  std::string read() const {
    std::array<char, 64> text{};
    const ssize_t n = ::pread(file_.get(), text.data(), text.size(), 0);
    return {text.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
  }
  base::Result<> write(std::string_view text) const {
    // Never empty in between: an empty note says that nothing was made here.
    const auto size = static_cast<ssize_t>(text.size());
    if (::pwrite(file_.get(), text.data(), text.size(), 0) != size || ::ftruncate(file_.get(), size) != 0) {
      return base::failErrno("write " + path_);
    }
    return {};
  }
  void remove() const { ::unlink(path_.c_str()); }
  base::UniqueFd takeFile() { return std::move(file_); }

 private:
  Note(std::string path, base::UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

  // Whoever held the lock before may have removed the file: then this lock is on one that nobody else will find.
  bool isNamed() const {
    struct stat ours = {};
    struct stat named = {};
    return ::fstat(file_.get(), &ours) == 0 && ::stat(path_.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
  }

  std::string path_;
  base::UniqueFd file_;
};

bool isMountPoint(const std::string& path) {
  struct statx info {};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

base::Result<> makeDirectory(const std::string& path, const Note& note) {
  if (::access(path.c_str(), F_OK) == 0) {
    return {};
  }
  if (auto noted = note.write(kDirectory); !noted) {
    return noted;
  }
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return base::failErrno("create directory " + path);
  }
  ::chmod(path.c_str(), 0755);  // the umask may have taken bits away
  return {};
}

// As ip-netns(8) does it.
base::Result<> makeMount(const std::string& path, const Note& note) {
  const base::UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    return base::failErrno("open " + path);
  }
  // Against an ip(8) that does the same now. Anybody may hold this lock, so not having it is no reason to give up.
  lockUntil(directory.get(), LOCK_EX, base::Deadline::after(kLockTime));
  if (!isMountPoint(path)) {
    if (note.read().empty()) {
      if (auto noted = note.write(kMount); !noted) {
        return noted;
      }
    }
    // With what is mounted in it, so that nothing of anybody's is hidden.
    if (::mount(path.c_str(), path.c_str(), "none", MS_BIND | MS_REC, nullptr) != 0) {
      return base::failErrno("mount " + path + " on itself");
    }
  }
  const std::string made = note.read();
  if (made.empty()) {
    note.remove();  // somebody else has made it
    return {};
  }
  if (::mount("", path.c_str(), "none", MS_SHARED | MS_REC, nullptr) != 0) {
    return base::failErrno("make the mounts in " + path + " shared");
  }
  return made.ends_with(kDone) ? base::Result<>() : note.write(made + std::string(kDone));
}

// Pins of any daemon, and whether there is anything else.
struct Contents {
  bool pins = false;
  bool others = false;
};

Contents contentsOf(const std::string& path) {
  Contents out;
  std::error_code error;
  std::filesystem::directory_iterator it(path, error);
  for (const std::filesystem::directory_iterator end; !error && it != end; it.increment(error)) {
    (it->path().filename().string().starts_with(kPinPrefix) ? out.pins : out.others) = true;
  }
  return out;
}

// Never by force: the kernel refuses it while a namespace is pinned in it or somebody is in it. A reader is gone soon.
bool unmount(const std::string& path) {
  for (const auto deadline = base::Deadline::after(kBusyTime); ::umount2(path.c_str(), UMOUNT_NOFOLLOW) != 0;) {
    if (errno != EBUSY) {
      return errno == EINVAL || errno == ENOENT;  // nothing is mounted there
    }
    if (deadline.passed() || contentsOf(path).others) {
      return false;
    }
    ::poll(nullptr, 0, 5);
  }
  return true;
}

}  // namespace

base::Result<base::UniqueFd> makePinDirectory(const std::string& path) {
  const std::string file = notePath(path);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  // More than once only where others make and remove it meanwhile.
  for (int attempt = 0; attempt < 16; ++attempt) {
    if (isMountPoint(path) && ::access(file.c_str(), F_OK) != 0) {
      return base::UniqueFd();  // somebody else's, who will not take it away either
    }
    const auto isDone = [&path](const Note& note) { return note.read().ends_with(kDone) && isMountPoint(path); };
    if (auto done = Note::open(file, 0, LOCK_SH, kLockTime); done && isDone(*done)) {
      return done->takeFile();
    }
    auto note = Note::open(file, O_CREAT, LOCK_EX, kLockTime);
    auto made = note ? makeDirectory(path, *note) : base::fail(std::move(note.error()));
    if (made) {
      made = makeMount(path, *note);
    }
    if (!made) {
      return base::fail(std::move(made.error()));
    }
    if (note->share() && isDone(*note)) {
      return note->takeFile();
    }
  }
  return base::fail(base::ErrorKind::kBusy, "make " + path + ": it comes and goes");
}

void removePinDirectory(const std::string& path) {
  if (contentsOf(path).pins) {
    return;
  }
  const auto note = Note::open(notePath(path), 0, LOCK_EX, kBusyTime);
  if (!note || contentsOf(path).pins) {
    return;
  }
  const std::string made = note->read();
  if (!made.empty() && !unmount(path) && !contentsOf(path).others) {
    return;  // in use for the moment: the next call may do it
  }
  if (made.starts_with(kDirectory)) {
    ::rmdir(path.c_str());  // refused where something of somebody's is in it, or on it
  }
  note->remove();
}

}  // namespace vpclab::kernel
