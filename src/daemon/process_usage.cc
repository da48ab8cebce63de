#include "daemon/process_usage.h"

#include <filesystem>
#include <optional>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

namespace vpclab::daemon {

namespace {

// Fields of /proc/self/stat behind the program's name, which may hold anything; the first is number 3, the state.
constexpr std::size_t kFirst = 3;
constexpr std::size_t kUserTime = 14;
constexpr std::size_t kSystemTime = 15;
constexpr std::size_t kThreads = 20;
constexpr std::size_t kStart = 22;
constexpr std::size_t kVirtual = 23;
constexpr std::size_t kResident = 24;

std::optional<double> bootTime() {
  const auto stat = base::readProcFile("/proc/stat");
  if (!stat) {
    return std::nullopt;
  }
  for (const auto line : base::split(*stat, '\n')) {
    if (line.starts_with("btime ")) {
      const auto seconds = base::parseInteger(line.substr(6), 0, INT64_MAX);
      return seconds ? std::optional(static_cast<double>(*seconds)) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

base::Result<ProcessUsage> ownUsage() {
  const auto stat = base::readProcFile("/proc/self/stat");
  if (!stat) {
    return base::fail(stat.error());
  }
  const auto nameEnd = stat->rfind(") ");
  const auto fields =
      base::split(std::string_view(*stat).substr(nameEnd == std::string::npos ? stat->size() : nameEnd + 2), ' ');
  if (fields.size() <= kResident - kFirst) {
    return base::fail(base::ErrorKind::kProtocol, "/proc/self/stat: too few fields");
  }
  const auto field = [&](std::size_t number) {
    return static_cast<std::uint64_t>(base::parseInteger(fields[number - kFirst], 0, INT64_MAX).value_or(0));
  };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessUsage out;
  out.cpuSeconds = static_cast<double>(field(kUserTime) + field(kSystemTime)) / ticks;
  out.residentBytes = field(kResident) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  out.virtualBytes = field(kVirtual);
  out.threads = field(kThreads);
  out.startUnixSeconds = bootTime().value_or(0) + static_cast<double>(field(kStart)) / ticks;
  std::error_code problem;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", problem);
       !problem && it != std::filesystem::directory_iterator(); it.increment(problem)) {
    ++out.openFds;
  }
  out.openFds -= out.openFds == 0 ? 0 : 1;  // the one that looked
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.maxFds = limit.rlim_cur;
  }
  return out;
}

}  // namespace vpclab::daemon
