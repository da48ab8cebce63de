#include "kernel/threads.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "kernel/proc_sys.h"

namespace vpclab::kernel {

namespace {

// More do not help: the kernel takes one lock (RTNL) for most of what they ask.
constexpr std::size_t kMaxThreads = 4;
constexpr long kNsfsMagic = 0x6e736673;  // NSFS_MAGIC of linux/magic.h

}  // namespace

base::Result<> onThreads(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  base::Result<> thrown;  // guarded by mutex
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        job(i);
      } catch (const std::exception& problem) {
        const std::lock_guard lock(mutex);
        thrown = base::fail(base::ErrorKind::kInternal, std::string("on a thread: ") + problem.what());
      }
    }
  };
  const std::size_t processors = std::max(2U, std::thread::hardware_concurrency());
  const std::size_t wanted = std::min({count, kMaxThreads, processors});
  std::vector<std::thread> threads;
  threads.reserve(wanted);
  for (std::size_t i = 0; i < wanted; ++i) {
    try {
      threads.emplace_back(work);
    } catch (const std::system_error& error) {
      if (threads.empty()) {
        return base::fail(base::Error::fromErrno(error.code().value(), "start a thread"));
      }
      break;
    } catch (const std::bad_alloc&) {
      if (threads.empty()) {
        return base::fail(base::Error::fromErrno(ENOMEM, "start a thread"));
      }
      break;
    }
  }
  for (auto& thread : threads) {
    thread.join();
  }
  return thrown;
}

namespace {

base::Result<base::UniqueFd> openFile(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!fd) {
    return base::failErrno("open " + path);
  }
  return fd;
}

base::Error notOne(const std::string& path) {
  return {base::ErrorKind::kInvalid, path + " is not a network namespace"};
}

}  // namespace

base::Result<base::UniqueFd> openPin(const std::string& path) {
  auto opened = openFile(path);
  if (!opened) {
    return opened;
  }
  base::UniqueFd fd = std::move(*opened);
  struct statfs info {};
  if (::fstatfs(fd.get(), &info) != 0) {
    return base::failErrno("statfs " + path);
  }
  if (info.f_type != kNsfsMagic || ::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
    return base::fail(notOne(path));
  }
  return fd;
}

// setns(2) looks at what it is given, so that nothing else needs to.
base::Result<> enterPin(const std::string& path) {
  const auto pin = openFile(path);
  if (!pin) {
    return base::fail(pin.error());
  }
  auto entered = enter(*pin, path);
  if (!entered && entered.error().errnoValue() == EINVAL) {
    return base::fail(notOne(path));
  }
  return entered;
}

base::Result<> enter(const base::UniqueFd& netns, const std::string& name) {
  if (::setns(netns.get(), CLONE_NEWNET) != 0) {
    return base::failErrno("enter network namespace " + name);
  }
  struct stat info {};
  if (::fstat(netns.get(), &info) != 0) {
    return base::failErrno("stat network namespace " + name);
  }
  ProcSys::entered(info.st_ino);
  return {};
}

base::Result<base::UniqueFd> makeNetns() {
  if (::unshare(CLONE_NEWNET) != 0) {
    return base::failErrno("make a network namespace");
  }
  base::UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) {
    return base::failErrno("open /proc/thread-self/ns/net");
  }
  ProcSys::entered(info.st_ino);
  return fd;
}

}  // namespace vpclab::kernel
