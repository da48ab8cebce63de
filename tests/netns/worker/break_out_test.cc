// What a worker that was taken over could try: each is done by a process that has given up what a worker gives up.
#include <cerrno>
#include <csignal>
#include <functional>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/privileges.h"
#include "worker/syscall_filter.h"

using namespace vpclab;

namespace {

constexpr uid_t kUser = 61184;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

constexpr int kDone = 0;
constexpr int kRefused = 1;
constexpr int kNotBegun = 2;

// How it ended: kDone, kRefused, or minus the signal that ended it. `attempt` returns what the call did: -1 and errno.
int ends(bool filtered, const std::function<long()>& attempt) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    if (!worker::dropPrivileges(kUser, parent) || (filtered && !worker::restrictSystemCalls())) {
      ::_exit(kNotBegun);
    }
    ::_exit(attempt() >= 0 ? kDone : kRefused);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

// Another process of the same user, which is there to be attacked.
class Victim {
 public:
  Victim() : pid_(::fork()) {
    if (pid_ == 0) {
      if (::setresuid(kUser, kUser, kUser) == 0) {
        ::pause();
      }
      ::_exit(1);
    }
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;
  ~Victim() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

long call(long number, long a = 0, long b = 0, long c = 0) {
  return ::syscall(number, a, b, c);
}

}  // namespace

TEST_CASE("what the filter ends a worker for") {
  CHECK(ends(true, [] { return call(SYS_getpid); }) == kDone);
  CHECK(ends(true, [] { return ::execl("/bin/true", "true", nullptr); }) == -SIGSYS);
  CHECK(ends(true, [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }) == -SIGSYS);
  CHECK(ends(true, [] { return ::mount("x", "/", "tmpfs", 0, nullptr); }) == -SIGSYS);
  CHECK(ends(true, [] { return ::unshare(CLONE_NEWUSER); }) == -SIGSYS);
  CHECK(ends(true, [] { return ::setns(0, 0); }) == -SIGSYS);
  if (!kSanitized) {
    CHECK(ends(true, [] { return ::open("/etc/shadow", O_RDONLY | O_CLOEXEC); }) == -SIGSYS);
    CHECK(ends(true, [] { return call(SYS_fork); }) == -SIGSYS);
  }
}

TEST_CASE("what the filter refuses a worker") {
  if (kSanitized) {
    return;  // a sanitizer's run time needs calls that the filter does not allow
  }
  const Victim victim;
  const long pid = victim.pid();
  CHECK(ends(true, [&] { return call(SYS_kill, pid, SIGTERM); }) == kRefused);
  CHECK(ends(true, [&] { return call(SYS_tgkill, pid, pid, 0); }) == kRefused);
  CHECK(ends(true, [] { return call(SYS_tgkill, ::getpid(), call(SYS_gettid), 0); }) == kDone);
  CHECK(ends(true, [] { return call(SYS_setuid, 0); }) == kRefused);
  CHECK(ends(true, [] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }) == kRefused);
  CHECK(ends(true, [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }) == kRefused);
  CHECK(ends(true, [] { return ::socket(AF_INET, SOCK_STREAM, 0); }) == kDone);
}

TEST_CASE("without the filter, what a worker has given up is enough") {
  const Victim victim;
  CHECK(ends(false, [] { return ::setuid(0); }) == kRefused);
  CHECK(ends(false, [] { return ::open("/etc/shadow", O_RDONLY | O_CLOEXEC); }) == kRefused);
  CHECK(ends(false, [] { return ::open("/x", O_CREAT | O_WRONLY | O_CLOEXEC, 0600); }) == kRefused);
  CHECK(ends(false, [] { return ::execl("/bin/true", "true", nullptr); }) == kRefused);
  CHECK(ends(false, [] { return ::mount("x", "/", "tmpfs", 0, nullptr); }) == kRefused);
  CHECK(ends(false, [] { return ::chroot("/"); }) == kRefused);
  CHECK(ends(false, [] { return ::kill(::getppid(), 0); }) == kRefused);
  CHECK(ends(false, [] { return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr); }) == kRefused);
  CHECK(ends(false, [] { return ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }) == kRefused);
}
