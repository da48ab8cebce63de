#include "kernel/holders.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/text.h"
#include "base/unique_fd.h"

namespace vpclab::kernel {

namespace {

// How long a process may take to end by itself.
constexpr base::Milliseconds kGrace{500};

struct Holder {
  pid_t pid = 0;
  base::UniqueFd process;  // a pidfd: the number alone may be another's by now
};

// Of its first thread; nothing where it is no more.
std::optional<NetnsId> netnsOf(pid_t pid) {
  struct stat info = {};
  return ::stat(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), &info) == 0
             ? std::optional(NetnsId(info.st_dev, info.st_ino))
             : std::nullopt;
}

bool isIn(pid_t pid, const std::set<NetnsId>& namespaces) {
  const auto own = netnsOf(pid);
  return own && namespaces.count(*own) != 0;
}

// All processes but this one.
std::vector<pid_t> others() {
  std::vector<pid_t> out;
  std::error_code error;
  std::filesystem::directory_iterator it("/proc", error);
  for (const std::filesystem::directory_iterator end; !error && it != end; it.increment(error)) {
    const auto pid = base::parseInteger(it->path().filename().string(), 1, 1 << 30);
    if (pid && *pid != ::getpid()) {
      out.push_back(static_cast<pid_t>(*pid));
    }
  }
  return out;
}

std::vector<Holder> findHolders(const std::set<NetnsId>& namespaces) {
  std::vector<Holder> out;
  for (const pid_t pid : others()) {
    if (!isIn(pid, namespaces)) {
      continue;
    }
    base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
    if (process && isIn(pid, namespaces)) {
      out.push_back({pid, std::move(process)});
    }
  }
  return out;
}

// Those that have not ended at the deadline stay in the list.
void waitForEnd(std::vector<Holder>& holders, base::Deadline deadline) {
  std::erase_if(holders, [&](const Holder& holder) {
    pollfd entry{holder.process.get(), POLLIN, 0};
    int ready = 0;
    do {
      ready = ::poll(&entry, 1, deadline.pollTimeout());
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
  });
}

void sendSignal(const std::vector<Holder>& holders, int number) {
  for (const Holder& holder : holders) {
    ::syscall(SYS_pidfd_send_signal, holder.process.get(), number, nullptr, 0U);
  }
}

}  // namespace

std::set<NetnsId> heldAmong(const std::set<NetnsId>& namespaces) {
  std::set<NetnsId> out;
  for (const pid_t pid : others()) {
    if (const auto own = netnsOf(pid); own && namespaces.count(*own) != 0) {
      out.insert(*own);
    }
  }
  return out;
}

std::vector<base::Error> endProcessesIn(const std::set<NetnsId>& namespaces, base::Deadline deadline) {
  if (namespaces.empty()) {
    return {};
  }
  auto holders = findHolders(namespaces);
  sendSignal(holders, SIGTERM);
  waitForEnd(holders, deadline.earlier(base::Deadline::after(kGrace)));
  // Again from the start: some may have had children meanwhile.
  for (auto& late : findHolders(namespaces)) {
    holders.push_back(std::move(late));
  }
  sendSignal(holders, SIGKILL);
  waitForEnd(holders, deadline);
  std::vector<base::Error> out;
  for (const Holder& holder : holders) {
    out.emplace_back(base::ErrorKind::kTimeout,
                     "process " + std::to_string(holder.pid) + ", which holds a namespace of the lab, does not end");
  }
  return out;
}

}  // namespace vpclab::kernel
