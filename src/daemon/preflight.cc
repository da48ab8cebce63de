#include "daemon/preflight.h"

#include <algorithm>
#include <charconv>

#include <sys/resource.h>

#include "base/file.h"
#include "base/text.h"
#include "state/process.h"

namespace vpclab::daemon {

using namespace vpclab::state;

namespace {

// A process has its own descriptors in the keeper: its pidfd, its pipe of output, the worker's control socket. The
// keeper itself has a few.
constexpr std::uint64_t kFilesOfProcess = 4;
constexpr std::uint64_t kFilesOfKeeper = 32;
// A command has an init of its private PID namespace beside it; wireguard-go is several threads.
constexpr std::uint64_t kTasksOfProcess = 2;
constexpr std::uint64_t kTasksOfTunnel = 16;

std::optional<std::uint64_t> numberIn(const std::string& path) {
  const auto text = base::readProcFile(path);
  if (!text) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  return problem == std::errc() ? std::optional(value) : std::nullopt;  // "max" is no number, and no limit
}

std::uint64_t less(std::uint64_t limit, std::uint64_t used) {
  return limit > used ? limit - used : 0;
}

std::optional<std::uint64_t> smaller(std::optional<std::uint64_t> x, std::optional<std::uint64_t> y) {
  return x && y ? std::min(*x, *y) : x ? x : y;
}

// "0::/system.slice/vpclab.service": the path in the one hierarchy of cgroups(7), version 2.
std::optional<std::uint64_t> leftInControlGroup() {
  const auto text = base::readProcFile("/proc/self/cgroup");
  if (!text) {
    return std::nullopt;
  }
  std::optional<std::uint64_t> left;
  for (const auto line : base::split(*text, '\n')) {
    if (!line.starts_with("0::/")) {
      continue;
    }
    std::string directory = "/sys/fs/cgroup" + std::string(line.substr(3));
    // Each group above limits too.
    for (; directory.size() > std::string("/sys/fs/cgroup").size(); directory.resize(directory.rfind('/'))) {
      const auto max = numberIn(directory + "/pids.max");
      const auto used = numberIn(directory + "/pids.current");
      if (max && used) {
        left = smaller(left, less(*max, *used));
      }
    }
  }
  return left;
}

std::optional<std::uint64_t> leftInKernel() {
  // "0.12 0.30 0.25 2/345 6789": the second number behind the slash is that of all tasks.
  const auto load = base::readProcFile("/proc/loadavg");
  const auto max = smaller(numberIn("/proc/sys/kernel/threads-max"), numberIn("/proc/sys/kernel/pid_max"));
  if (!load || !max) {
    return std::nullopt;
  }
  const auto slash = load->find('/');
  std::uint64_t used = 0;
  if (slash != std::string::npos) {
    (void)std::from_chars(load->data() + slash + 1, load->data() + load->size(), used);
  }
  return less(*max, used);
}

void tell(std::vector<std::string>& out, std::uint64_t needed, std::optional<std::uint64_t> left, const char* what,
          const char* remedy) {
  if (left && needed > *left) {
    out.push_back("this takes " + std::to_string(needed) + " " + what + ", and this host has " + std::to_string(*left) +
                  " left; " + remedy);
  }
}

}  // namespace

Needs needsOf(const plan::Plan& plan, const State& desired) {
  Needs out;
  for (const auto& step : plan.steps) {
    if (step.action != plan::Action::kCreate || step.replacement) {
      continue;
    }
    out.namespaces += step.key.kind == Kind::kNetns ? 1 : 0;
    if (const auto* tunnel = std::get_if<WgDevice>(&*step.after)) {
      out.processes += tunnel->implementation == TunnelImplementation::kWireGuardGo ? kTasksOfTunnel : 0;
    }
    out.processes += step.key.kind == Kind::kProcess ? kTasksOfProcess : 0;
  }
  desired.each<Process>([&](const Key&, const Process& process) {
    out.keeperFiles += kFilesOfProcess + listenAddresses(process).size();
  });
  desired.each<WgDevice>([&](const Key&, const WgDevice& tunnel) {
    out.keeperFiles += tunnel.implementation == TunnelImplementation::kWireGuardGo ? kFilesOfProcess : 0;
  });
  out.keeperFiles += out.keeperFiles == 0 ? 0 : kFilesOfKeeper;
  return out;
}

HostLimits readHostLimits(const Needs& needs) {
  HostLimits out;
  if (needs.namespaces != 0) {
    out.namespaces = numberIn("/proc/sys/user/max_net_namespaces");
    const auto mountMax = numberIn("/proc/sys/fs/mount-max");
    const auto mounts = base::readProcFile("/proc/self/mountinfo", 64U << 20U);
    if (mountMax && mounts) {
      out.mounts = less(*mountMax, static_cast<std::uint64_t>(std::count(mounts->begin(), mounts->end(), '\n')));
    }
  }
  out.processes = smaller(leftInControlGroup(), leftInKernel());
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max != RLIM_INFINITY) {
    out.files = files.rlim_max;
  }
  return out;
}

std::vector<std::string> shortages(const Needs& needs, const HostLimits& limits) {
  std::vector<std::string> out;
  tell(out, needs.namespaces, limits.namespaces, "network namespaces",
       "raise /proc/sys/user/max_net_namespaces, or split the lab");
  tell(out, needs.namespaces, limits.mounts, "mounts (a pin for each namespace)",
       "raise /proc/sys/fs/mount-max, or split the lab");
  tell(out, needs.processes, limits.processes, "tasks (processes and their threads)",
       "raise pids.max of the daemon's control group (TasksMax= of its unit) or /proc/sys/kernel/threads-max, or let "
       "fewer nodes run something");
  tell(out, needs.keeperFiles, limits.files, "open files of one process (a socket for each page and listener)",
       "raise the daemon's hard limit on open files (LimitNOFILE= of its unit), or split the lab");
  return out;
}

}  // namespace vpclab::daemon
