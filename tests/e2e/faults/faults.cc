// Preloaded into vpclabd by the tests: counts the system calls by which the daemon changes something, or asks the
// kernel, and spoils one of them. What it is to do stands in a file that the test has mapped too, so that one daemon
// can be told at any time. Only the daemon counts: its environment is cleaned before a keeper inherits it.
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

// As in faults.py.
enum Action : std::uint32_t {
  kNone,
  kKill,       // before the n-th changing call: SIGKILL
  kFail,       // the n-th changing call returns -1
  kRefuse,     // the n-th acknowledgement of the kernel's says no, though it has done what it was asked for
  kInterrupt,  // the n-th part of a dump says that the dump was interrupted
  kTruncate,   // the n-th answer of the kernel's was too long for the buffer
  kHold,       // the n-th unmounting returns -1
  kSwallow     // the n-th acknowledgement never arrives
};

struct Orders {
  std::atomic<std::uint32_t> action;
  std::atomic<std::uint32_t> error;
  std::atomic<std::uint32_t> at;       // 1: the next
  std::atomic<std::uint32_t> calls;    // changing calls since the file was last written
  std::atomic<std::uint32_t> acks;     // acknowledgements
  std::atomic<std::uint32_t> dumps;    // parts of dumps
  std::atomic<std::uint32_t> answers;  // of either
  std::atomic<std::uint32_t> unmounts;
  std::atomic<std::uint32_t> happened;  // how often something was spoilt
};

Orders* orders = nullptr;

__attribute__((constructor)) void begin() {
  const char* path = ::getenv("VPCLAB_FAULTS_FILE");
  const int fd = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
  if (fd >= 0) {
    void* memory = ::mmap(nullptr, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    orders = memory == MAP_FAILED ? nullptr : static_cast<Orders*>(memory);
    ::close(fd);
  }
  ::unsetenv("LD_PRELOAD");
  ::unsetenv("VPCLAB_FAULTS_FILE");
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool isTurn(std::atomic<std::uint32_t>& counter, std::uint32_t action) {
  const std::uint32_t number = counter.fetch_add(1) + 1;
  if (orders->action != action || orders->at != number) {
    return false;
  }
  ++orders->happened;
  return true;
}

// A changing call is about to be made; true: it fails instead.
bool spoilt() {
  if (orders == nullptr) {
    return false;
  }
  const std::uint32_t action = orders->action;
  if (!isTurn(orders->calls, action == kKill ? kKill : kFail)) {
    return false;
  }
  if (action == kKill) {
    ::kill(::getpid(), SIGKILL);
  }
  errno = static_cast<int>(orders->error);
  return true;
}

bool isNetlink(int fd) {
  int family = 0;
  socklen_t size = sizeof family;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_NETLINK;
}

bool isFile(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

// What the kernel has answered; false: it is not to arrive.
bool spoilAnswer(msghdr* message, ssize_t size) {
  auto* first = static_cast<nlmsghdr*>(message->msg_iov[0].iov_base);
  bool ack = false;
  bool dump = false;
  auto left = static_cast<std::uint32_t>(size);
  for (auto* one = first; NLMSG_OK(one, left); one = NLMSG_NEXT(one, left)) {
    ack = ack || (one->nlmsg_type == NLMSG_ERROR && static_cast<nlmsgerr*>(NLMSG_DATA(one))->error == 0);
    dump = dump || (one->nlmsg_flags & NLM_F_MULTI) != 0;
  }
  if (isTurn(orders->answers, kTruncate)) {
    message->msg_flags |= MSG_TRUNC;
  }
  if (dump && isTurn(orders->dumps, kInterrupt)) {
    left = static_cast<std::uint32_t>(size);
    for (auto* one = first; NLMSG_OK(one, left); one = NLMSG_NEXT(one, left)) {
      one->nlmsg_flags |= NLM_F_DUMP_INTR;
    }
  }
  const std::uint32_t action = orders->action;
  if (!ack || !isTurn(orders->acks, action == kSwallow ? kSwallow : kRefuse)) {
    return true;
  }
  if (action == kSwallow) {
    return false;
  }
  left = static_cast<std::uint32_t>(size);
  for (auto* one = first; NLMSG_OK(one, left); one = NLMSG_NEXT(one, left)) {
    if (one->nlmsg_type == NLMSG_ERROR) {
      static_cast<nlmsgerr*>(NLMSG_DATA(one))->error = -static_cast<int>(orders->error);
      break;
    }
  }
  return true;
}

}  // namespace

extern "C" {

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto call = real<decltype(&sendmsg)>("sendmsg");
  return spoilt() ? -1 : call(fd, message, flags);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto call = real<decltype(&recvmsg)>("recvmsg");
  const ssize_t size = call(fd, message, flags);
  const bool answer = size > 0 && (flags & MSG_PEEK) == 0 && orders != nullptr && isNetlink(fd);
  return answer && !spoilAnswer(message, size) ? call(fd, message, flags) : size;
}

ssize_t write(int fd, const void* data, size_t size) {
  static const auto call = real<decltype(&write)>("write");
  return isFile(fd) && spoilt() ? -1 : call(fd, data, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  static const auto call = real<decltype(&pwrite)>("pwrite");
  return isFile(fd) && spoilt() ? -1 : call(fd, data, size, at);
}

int mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data) {
  static const auto call = real<decltype(&mount)>("mount");
  return spoilt() ? -1 : call(source, target, type, flags, data);
}

int umount2(const char* target, int flags) {
  static const auto call = real<decltype(&umount2)>("umount2");
  if (orders != nullptr && isTurn(orders->unmounts, kHold)) {
    errno = static_cast<int>(orders->error);
    return -1;
  }
  return spoilt() ? -1 : call(target, flags);
}

int unshare(int flags) {
  static const auto call = real<decltype(&unshare)>("unshare");
  return spoilt() ? -1 : call(flags);
}

int setns(int fd, int type) {
  static const auto call = real<decltype(&setns)>("setns");
  return spoilt() ? -1 : call(fd, type);
}

int mkdir(const char* path, mode_t mode) {
  static const auto call = real<decltype(&mkdir)>("mkdir");
  return spoilt() ? -1 : call(path, mode);
}

int rmdir(const char* path) {
  static const auto call = real<decltype(&rmdir)>("rmdir");
  return spoilt() ? -1 : call(path);
}

int rename(const char* from, const char* to) {
  static const auto call = real<decltype(&rename)>("rename");
  return spoilt() ? -1 : call(from, to);
}

int unlink(const char* path) {
  static const auto call = real<decltype(&unlink)>("unlink");
  return spoilt() ? -1 : call(path);
}

}  // extern "C"
