#include "worker/syscall_filter.h"

#include <cerrno>
#include <memory>

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VPCLAB_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define VPCLAB_SANITIZED 1
#endif
#endif

namespace vpclab::worker {

namespace {

#if defined(VPCLAB_SANITIZED)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr int kAllowed[] = {
    // input and output on what is open
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(close), SCMP_SYS(fcntl), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(lseek),
    // sockets
    SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    // waiting
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
    SCMP_SYS(restart_syscall),
    // memory and the C library's own needs
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(exit), SCMP_SYS(exit_group)};

constexpr int kDeadly[] = {
    SCMP_SYS(execve),      SCMP_SYS(execveat),     SCMP_SYS(ptrace),     SCMP_SYS(process_vm_writev),
    SCMP_SYS(bpf),         SCMP_SYS(setns),        SCMP_SYS(unshare),    SCMP_SYS(mount),
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load), SCMP_SYS(io_uring_setup)};
// A sanitizer's run time opens files and starts a tracing clone of itself.
constexpr int kDeadlyUnlessSanitized[] = {SCMP_SYS(open),  SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat),
                                          SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork),    SCMP_SYS(vfork)};

class Filter {
 public:
  Filter() : context_(seccomp_init(kSanitized ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM)), seccomp_release) {
    if (context_ == nullptr) {
      error_ = -ENOMEM;
    }
  }
  template <class... Compare>
  void add(std::uint32_t action, int call, Compare... compare) {
    if (error_ == 0) {
      error_ = seccomp_rule_add(context_.get(), action, call, sizeof...(compare), compare...);
    }
  }
  base::Result<> load() {
    if (error_ == 0) {
      error_ = seccomp_load(context_.get());
    }
    if (error_ != 0) {
      return base::fail(base::Error::fromErrno(-error_, "install the system call filter"));
    }
    return {};
  }

 private:
  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int error_ = 0;  // negative errno
};

}  // namespace

base::Result<> restrictSystemCalls() {
  Filter filter;
  for (const int call : kDeadly) {
    filter.add(SCMP_ACT_KILL_PROCESS, call);
  }
  if (!kSanitized) {
    for (const int call : kDeadlyUnlessSanitized) {
      filter.add(SCMP_ACT_KILL_PROCESS, call);
    }
    for (const int call : kAllowed) {
      filter.add(SCMP_ACT_ALLOW, call);
    }
    // abort(3) and raise(3): a signal for itself, and for nobody else that runs as the same user.
    const auto self = static_cast<std::uint64_t>(::getpid());
    filter.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), scmp_arg_cmp{0, SCMP_CMP_EQ, self, 0});
    for (const std::uint64_t family : {AF_INET, AF_INET6}) {
      filter.add(SCMP_ACT_ALLOW, SCMP_SYS(socket), scmp_arg_cmp{0, SCMP_CMP_EQ, family, 0});
    }
    // No memory that is both written and run.
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
      filter.add(SCMP_ACT_ALLOW, call, scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0});
    }
  }
  return filter.load();
}

}  // namespace vpclab::worker
