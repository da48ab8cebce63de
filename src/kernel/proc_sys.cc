#include "kernel/proc_sys.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/text.h"
#include "net/if_name.h"

namespace vpclab::kernel {

namespace {

constexpr std::array kPerNamespace = {
    "net/ipv4/ip_forward",
    "net/ipv4/fwmark_reflect",
    "net/ipv4/icmp_ratelimit",
    "net/ipv4/conf/all/src_valid_mark",
    "net/ipv6/conf/all/disable_ipv6",
    "net/ipv6/conf/default/disable_ipv6",
};
constexpr std::array kPerInterface = {"send_redirects", "accept_redirects", "rp_filter"};
constexpr std::string_view kConf = "net/ipv4/conf/";

base::Result<> writeAt(int directory, const std::string& path, const std::string& value) {
  const base::UniqueFd file(::openat(directory, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) {
    return base::failErrno("open " + path);
  }
  // One write: the kernel takes a parameter's value only whole.
  if (::write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return base::failErrno("write '" + value + "' to " + path);
  }
  return {};
}

}  // namespace

base::Result<int> ProcSys::privateRoot() {
  const std::lock_guard lock(mutex_);
  if (!private_) {
    const base::UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC)));
    if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
      return base::failErrno("/proc/sys is read-only, and mounting another procfs needs CAP_SYS_ADMIN");
    }
    private_.reset(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
    if (!private_) {
      return base::failErrno("/proc/sys is read-only, and mounting another procfs needs CAP_SYS_ADMIN");
    }
  }
  return private_.get();
}

base::Result<> ProcSys::write(const std::string& path, const std::string& value) {
  const auto parts = base::split(path, '/');
  if (parts.front() != "net" ||
      std::any_of(parts.begin(), parts.end(), [](auto part) { return part.empty() || part == "." || part == ".."; })) {
    return base::fail(base::ErrorKind::kInvalid, "'" + base::printable(path) + "' is no parameter of a namespace");
  }
  auto written = writeAt(AT_FDCWD, "/proc/sys/" + path, value);
  if (written || written.error().errnoValue() != EROFS) {
    return written;
  }
  auto root = privateRoot();
  if (!root) {
    return base::fail(std::move(root.error()));
  }
  return writeAt(*root, "sys/" + path, value);
}

base::Result<std::optional<std::string>> ProcSys::read(const std::string& path) {
  auto text = base::readProcFile("/proc/sys/" + path, 4096);
  if (!text) {
    if (text.error().kind() == base::ErrorKind::kNotFound) {
      return std::nullopt;
    }
    return base::fail(std::move(text.error()));
  }
  while (!text->empty() && text->back() == '\n') {
    text->pop_back();
  }
  return std::move(*text);
}

std::string ProcSys::how() const {
  const std::lock_guard lock(mutex_);
  return private_.valid() ? "private procfs" : "direct";
}

std::vector<std::string> managedSysctls(const std::vector<std::string>& interfaces) {
  std::vector<std::string> out(kPerNamespace.begin(), kPerNamespace.end());
  const auto add = [&out](const std::string& name) {
    for (const auto* leaf : kPerInterface) {
      out.push_back(std::string(kConf) + name + "/" + leaf);
    }
  };
  add("all");
  add("default");
  std::for_each(interfaces.begin(), interfaces.end(), add);
  return out;
}

bool isManagedSysctl(const std::string& path) {
  if (std::find(kPerNamespace.begin(), kPerNamespace.end(), path) != kPerNamespace.end()) {
    return true;
  }
  const auto slash = path.rfind('/');
  if (!path.starts_with(kConf) || slash < kConf.size()) {
    return false;
  }
  return net::isValidIfName(path.substr(kConf.size(), slash - kConf.size())) &&
         std::find(kPerInterface.begin(), kPerInterface.end(), path.substr(slash + 1)) != kPerInterface.end();
}

}  // namespace vpclab::kernel
