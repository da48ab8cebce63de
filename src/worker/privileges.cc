#include "worker/privileges.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vpclab::worker {

namespace {

using base::ErrorKind;
using base::fail;
using base::failErrno;
using base::Result;

constexpr rlim_t kWantedFiles = 65536;
constexpr std::size_t kStackBytes = 64 * 1024;

Result<> setLimits() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) {
    return failErrno("read the limit of open files");
  }
  if (files.rlim_max < kWantedFiles) {
    const rlimit more{kWantedFiles, kWantedFiles};
    if (::setrlimit(RLIMIT_NOFILE, &more) == 0) {
      files = more;
    }
  }
  files.rlim_cur = files.rlim_max < kWantedFiles ? files.rlim_max : kWantedFiles;
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) {
    return failErrno("set the limit of open files");
  }
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) {
    return failErrno("forbid core dumps");
  }
  return {};
}

int enterEmptyRoot(void* /*unused*/) {
  return ::chroot("/proc/self/fdinfo") == 0 && ::chdir("/") == 0 ? 0 : 1;
}

// Leaves us with an empty, read-only root that needs no directory of its own: a child that shares our file system view
// takes its own /proc/<pid>/fdinfo as root for both of us, and ends, which empties that directory.
Result<> leaveFileSystem() {
  alignas(16) static std::array<char, kStackBytes> stack;
  const pid_t child = ::clone(enterEmptyRoot, stack.data() + stack.size(), CLONE_FS | SIGCHLD, nullptr);
  if (child < 0) {
    return failErrno("start the helper that empties the root directory");
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return failErrno("wait for the helper that empties the root directory");
    }
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(ErrorKind::kPermission, "leave the file system: chroot to /proc/self/fdinfo failed");
  }
  return {};
}

Result<> becomeUser(uid_t uid) {
  const auto gid = static_cast<gid_t>(uid);
  if (::setgroups(0, nullptr) != 0) {
    return failErrno("drop the supplementary groups");
  }
  if (::setresgid(gid, gid, gid) != 0) {
    return failErrno("become group " + std::to_string(gid));
  }
  if (::setresuid(uid, uid, uid) != 0) {
    return failErrno("become user " + std::to_string(uid));
  }
  return {};
}

Result<> dropBoundingSet() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      return failErrno("drop capability " + std::to_string(capability) + " from the bounding set");
    }
  }
  return {};
}

Result<> dropCapabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) {
    return failErrno("drop every capability");
  }
  return {};
}

}  // namespace

Result<> dropPrivileges(uid_t uid, pid_t parent) {
  const bool root = ::geteuid() == 0;
  if (root == (uid == 0) || (!root && ::geteuid() != uid)) {
    return fail(ErrorKind::kInvalid, "become user " + std::to_string(uid) +
                                         ": a worker does not run as root, and only " + "root can change the user");
  }
  if (auto done = setLimits(); !done) {
    return done;
  }
  if (root) {
    for (const auto step : {leaveFileSystem, dropBoundingSet}) {
      if (auto done = step(); !done) {
        return done;
      }
    }
    if (auto done = becomeUser(uid); !done) {
      return done;
    }
  }
  if (auto done = dropCapabilities(); !done) {
    return done;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return failErrno("give up new privileges");
  }
#if !defined(__SANITIZE_ADDRESS__)
  // LeakSanitizer has to trace its own process at the end.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return failErrno("forbid tracing");
  }
#endif
  // The change of user has cleared it, prctl(2); who died before this call is found out by the second look.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    return failErrno("follow the parent's death");
  }
  if (::getppid() != parent) {
    return fail(ErrorKind::kCancelled, "the parent is gone");
  }
  return {};
}

}  // namespace vpclab::worker
