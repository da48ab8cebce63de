#include "daemon/run_dir.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/client.h"
#include "base/file.h"
#include "daemon/own_directory.h"

namespace vpclab::daemon {

using base::ErrorKind;

namespace {

constexpr int kBacklog = 64;
constexpr int kClaimAttempts = 16;
// A child of a daemon that was killed holds the lock too, until it has become another program; and so does a daemon
// that answers nobody new, until it has ended.
constexpr base::Milliseconds kLockTime{2'000};
constexpr base::Milliseconds kLockPause{5};

// errno tells why not; EWOULDBLOCK: another has it.
bool lockWithin(int fd, base::Deadline deadline) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || deadline.passed()) {
      return false;
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return true;
}

}  // namespace

base::Result<RunDir> RunDir::claim(const std::string& path) {
  const std::string lockPath = path + "/vpclabd.lock";
  for (int attempt = 0; attempt < kClaimAttempts; ++attempt) {
    if (auto made = makeOwnDirectory(path, 0755); !made) {
      return base::fail(std::move(made.error()));
    }
    base::UniqueFd lock(::open(lockPath.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) {
      if (errno == ENOENT) {
        continue;  // a daemon that ended took the directory with it
      }
      return base::failErrno("open " + lockPath);
    }
    // Whoever can open it can lock it, and so keep every daemon from starting. The file may be an older daemon's.
    if (::fchmod(lock.get(), 0600) != 0) {
      return base::failErrno("chmod " + lockPath);
    }
    if (!lockWithin(lock.get(), base::Deadline::after(kLockTime))) {
      if (errno != EWOULDBLOCK) {
        return base::failErrno("lock " + lockPath);
      }
      const auto holder = base::readFile(lockPath, 64);
      return base::fail(ErrorKind::kBusy, "a daemon runs already with the run directory " + path +
                                              (holder && !holder->empty() ? ": pid " + *holder : std::string()));
    }
    // Whoever ended between our open and our lock has removed the file: then this lock protects nothing.
    struct stat ours = {};
    struct stat there = {};
    if (::fstat(lock.get(), &ours) != 0 || ::stat(lockPath.c_str(), &there) != 0 || ours.st_ino != there.st_ino) {
      continue;
    }
    if (::ftruncate(lock.get(), 0) != 0) {
      return base::failErrno("truncate " + lockPath);
    }
    if (auto written = base::writeAll(lock.get(), std::to_string(::getpid())); !written) {
      return base::fail(std::move(written.error()).context("write " + lockPath));
    }
    if (auto made = makeOwnDirectory(path + "/labs", 0700); !made) {
      return base::fail(std::move(made.error()));
    }
    return RunDir(path, std::move(lock));
  }
  return base::fail(ErrorKind::kBusy, "claim the run directory " + path + ": it comes and goes");
}

base::Result<base::UniqueFd> RunDir::listen() const {
  const std::string path = api::socketPath(path_);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return base::fail(ErrorKind::kInvalid, "run directory " + path_ + ": its name is too long for a socket");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return base::failErrno("socket");
  }
  removeSocket();
  // Never wider than it ends up: nobody can connect before listen() anyway.
  const mode_t before = ::umask(0177);
  const int bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int bindErrno = errno;
  ::umask(before);
  if (bound != 0) {
    return tl::make_unexpected(base::Error::fromErrno(bindErrno, "bind " + path));
  }
  if (const group* users = ::getgrnam("vpclab"); users != nullptr) {
    if (::chown(path.c_str(), static_cast<uid_t>(-1), users->gr_gid) != 0) {
      return base::failErrno("give " + path + " to the group vpclab");
    }
  }
  if (::chmod(path.c_str(), 0660) != 0) {
    return base::failErrno("chmod " + path);
  }
  if (::listen(socket.get(), kBacklog) != 0) {
    return base::failErrno("listen at " + path);
  }
  return socket;
}

void RunDir::removeSocket() const {
  (void)::unlink(api::socketPath(path_).c_str());
}

void RunDir::removeAll() const {
  removeSocket();
  for (const char* name : {"/vpclabd.log", "/vpclabd.1.log"}) {
    (void)::unlink((path_ + name).c_str());
  }
  (void)::rmdir((path_ + "/labs").c_str());
  // The last of what is ours: from here on the next daemon may make its own.
  (void)::unlink((path_ + "/vpclabd.lock").c_str());
  (void)::rmdir(path_.c_str());
}

}  // namespace vpclab::daemon
