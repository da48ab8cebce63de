#include "entry/caller.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace vpclab::entry {

namespace {

constexpr int kJoinSessionKeyring = 1;  // KEYCTL_JOIN_SESSION_KEYRING of keyctl(2), whose header is libkeyutils'

// proc_pid_status(5): "Uid:", real, effective, saved and file system's.
bool effectiveUserIs(const std::string& status, uid_t uid) {
  for (const auto line : base::split(status, '\n')) {
    const auto fields = base::split(line, '\t');
    if (fields.size() == 5 && fields[0] == "Uid:") {
      return fields[2] == std::to_string(uid);
    }
  }
  return false;
}

// What is not in the order or the form of proc_pid_limits(5) is none.
std::optional<rlim_t> limitAt(std::string_view line, std::size_t column) {
  constexpr std::size_t kWidth = 20;
  const auto field = line.size() < column ? std::string_view() : line.substr(column, kWidth);
  const auto word = field.substr(0, field.find(' '));
  if (word == "unlimited") {
    return RLIM_INFINITY;
  }
  const auto value = base::parseInteger(word, 0, INT64_MAX);
  return value ? std::optional<rlim_t>(static_cast<rlim_t>(*value)) : std::nullopt;
}

// Without CAP_SYS_RESOURCE, as in many containers, no hard limit can be raised: then the lower of both it is.
base::Result<> setLimit(__rlimit_resource which, rlimit limit) {
  rlimit own{};
  if (::setrlimit(which, &limit) == 0) {
    return {};
  }
  if (errno == EPERM && ::getrlimit(which, &own) == 0) {
    limit.rlim_max = std::min(limit.rlim_max, own.rlim_max);
    limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(which, &limit) == 0) {
      return {};
    }
  }
  return base::failErrno("set the caller's limits");
}

// All but one: a file that has CAP_NET_RAW on it, as ping(8) has, could not even be run where that cannot be given.
// With no_new_privs it is not given, but ping can do without.
base::Result<> dropBoundingSet() {
  for (int number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number) {
    if (number != CAP_NET_RAW && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
      return base::failErrno("give up capability " + std::to_string(number));
    }
  }
  return {};
}

base::Result<> becomeUser(const Caller& caller) {
  if (::setgroups(caller.groups.size(), caller.groups.data()) != 0) {
    return base::failErrno("take the caller's groups");
  }
  if (::setresgid(caller.gid, caller.gid, caller.gid) != 0) {
    return base::failErrno("become group " + std::to_string(caller.gid));
  }
  if (::setresuid(caller.uid, caller.uid, caller.uid) != 0) {
    return base::failErrno("become user " + std::to_string(caller.uid));
  }
  return {};
}

base::Result<> dropCapabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0 ? base::Result<>() : base::failErrno("drop every capability");
}

}  // namespace

base::Result<Limits> parseLimits(std::string_view text) {
  constexpr std::size_t kSoftColumn = 26;
  constexpr std::size_t kHardColumn = 47;
  const auto lines = base::split(text, '\n');
  Limits limits{};
  for (std::size_t i = 0; i < limits.size(); ++i) {
    // The first line is the heading. The rest are in the order of their numbers.
    const auto line = i + 1 < lines.size() ? lines[i + 1] : std::string_view();
    const auto soft = limitAt(line, kSoftColumn);
    const auto hard = limitAt(line, kHardColumn);
    if (!soft || !hard) {
      return base::fail(base::ErrorKind::kProtocol, "the caller's limits are not as proc_pid_limits(5) has them");
    }
    limits.at(i) = {*soft, *hard};
  }
  return limits;
}

base::Result<Bounds> boundsOf(const Caller& caller) {
  const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, caller.pid, 0U)));
  if (!process) {
    return base::failErrno("find the caller, pid " + std::to_string(caller.pid));
  }
  const auto status = base::readProcFile("/proc/" + std::to_string(caller.pid) + "/status");
  if (!status) {
    return base::fail(base::Error(status.error()).context("find the caller"));
  }
  // Should the caller have ended and its number be another process', that one is the same user's at least.
  if (!effectiveUserIs(*status, caller.uid)) {
    return base::fail(base::ErrorKind::kPermission,
                      "pid " + std::to_string(caller.pid) + " is not uid " + std::to_string(caller.uid) + "'s");
  }
  const auto text = base::readProcFile("/proc/" + std::to_string(caller.pid) + "/limits");
  const auto cgroup = base::readProcFile("/proc/" + std::to_string(caller.pid) + "/cgroup");
  if (!text) {
    return base::fail(base::Error(text.error()).context("ask for the caller's limits"));
  }
  auto limits = parseLimits(*text);
  if (!limits) {
    return base::fail(std::move(limits.error()));
  }
  pollfd ended{process.get(), POLLIN, 0};
  if (::poll(&ended, 1, 0) != 0) {
    return base::fail(base::ErrorKind::kNotFound, "the caller has gone");
  }
  return Bounds{*limits, cgroup ? *cgroup : ""};
}

base::Result<> becomeCaller(const Caller& caller, const Limits& limits) {
  if (caller.uid == 0) {
    return base::fail(base::ErrorKind::kInternal, "the caller is root");
  }
  // Before the user is another: from then on others of its processes could trace this one.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return base::failErrno("give up new privileges");
  }
  // Root's would give its keys away. Where there are no keyrings there is none to leave.
  static_cast<void>(::syscall(SYS_keyctl, kJoinSessionKeyring, nullptr));
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (auto set = setLimit(static_cast<__rlimit_resource>(i), limits.at(i)); !set) {
      return set;
    }
  }
  if (auto done = dropBoundingSet(); !done) {
    return done;
  }
  if (auto done = becomeUser(caller); !done) {
    return done;
  }
  if (auto done = dropCapabilities(); !done) {
    return done;
  }
  // A change of user may make it traceable, where fs.suid_dumpable says so.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return base::failErrno("forbid tracing");
  }
  if (::setuid(0) == 0) {
    return base::fail(base::ErrorKind::kInternal, "the way back to root is open");
  }
  return {};
}

}  // namespace vpclab::entry
