#include "kernel/proc_sys.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "base/unique_fd.h"
#include "kernel/links.h"
#include "kernel/procfs_pool.h"
#include "net/if_name.h"

namespace vpclab::kernel {

namespace {

constexpr std::array kPerNamespace = {
    "net/ipv4/ip_forward",
    "net/ipv4/fwmark_reflect",
    "net/ipv4/icmp_ratelimit",
    "net/ipv4/icmp_errors_use_inbound_ifaddr",
    "net/ipv4/conf/all/src_valid_mark",
    "net/ipv6/conf/all/disable_ipv6",
    "net/ipv6/conf/default/disable_ipv6",
};
constexpr std::string_view kConf = "net/ipv4/conf/";

constexpr std::size_t kMaxValue = 256;

// Without IPv6 in the kernel (ipv6.disable=1) there is no such parameter, and nothing to switch off.
constexpr std::string_view kIpv6Off = "1";

bool switchesIpv6Off(std::string_view path) {
  return path == "net/ipv6/conf/all/disable_ipv6" || path == "net/ipv6/conf/default/disable_ipv6";
}

// Where a thread finds the parameters of the namespace that it is in.
class View {
 public:
  // Most of those who enter one ask for no parameter, so that it is looked for when one is.
  void entered(ino_t netns) {
    unasked_ = netns;
    pooled_ = nullptr;
  }
  bool isPrivate() { return private_.valid() || pooled() != nullptr; }
  base::Result<> makePrivate() {
    auto made = makeProcfs();
    if (!made) {
      return base::fail(std::move(made.error()));
    }
    private_ = std::move(*made);
    return {};
  }
  base::UniqueFd open(const std::string& path, int flags) {
    if (!isPrivate()) {
      return base::UniqueFd(::open(("/proc/sys/" + path).c_str(), flags | O_CLOEXEC));
    }
    const int root = pooled_ != nullptr ? pooled_->get() : private_.get();
    return base::UniqueFd(::openat(root, ("sys/" + path).c_str(), flags | O_CLOEXEC));
  }

 private:
  const ProcfsPool::Root& pooled() {
    if (unasked_) {
      pooled_ = procfsPool().of(*unasked_);
      unasked_.reset();
    }
    return pooled_;
  }

  base::UniqueFd private_;
  std::optional<ino_t> unasked_;
  ProcfsPool::Root pooled_;
};

thread_local View view;

base::Result<> writeThrough(View& where, const std::string& path, const std::string& value) {
  const base::UniqueFd file = where.open(path, O_WRONLY);
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

base::Result<> ProcSys::write(const std::string& path, const std::string& value) {
  const auto parts = base::split(path, '/');
  if (parts.front() != "net" ||
      std::any_of(parts.begin(), parts.end(), [](auto part) { return part.empty() || part == "." || part == ".."; })) {
    return base::fail(base::ErrorKind::kInvalid, "'" + base::printable(path) + "' is no parameter of a namespace");
  }
  auto written = writeThrough(view, path, value);
  if (!written && written.error().errnoValue() == ENOENT && value == kIpv6Off && switchesIpv6Off(path)) {
    return {};
  }
  if (written || written.error().errnoValue() != EROFS || view.isPrivate()) {
    return written;
  }
  readOnly_ = true;
  if (auto made = view.makePrivate(); !made) {
    return base::fail(std::move(made.error()).context("/proc/sys is read-only"));
  }
  return writeThrough(view, path, value);
}

base::Result<std::optional<std::string>> ProcSys::read(const std::string& path) {
  const base::UniqueFd file = view.open(path, O_RDONLY);
  if (!file) {
    if (errno != ENOENT) {
      return base::failErrno("open " + path);
    }
    return switchesIpv6Off(path) ? std::optional<std::string>(kIpv6Off) : std::optional<std::string>();
  }
  std::array<char, kMaxValue> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) {
    return base::failErrno("read " + path);
  }
  std::string_view value(text.data(), static_cast<std::size_t>(size));
  while (value.ends_with('\n')) {
    value.remove_suffix(1);
  }
  return std::string(value);
}

void ProcSys::entered(ino_t netns) {
  view.entered(netns);
}

const std::vector<base::SharedString>& namespaceSysctls() {
  static const std::vector<base::SharedString> all = [] {
    std::vector<base::SharedString> out(kPerNamespace.begin(), kPerNamespace.end());
    for (const std::string scope : {"all/", "default/"}) {
      for (const LinkParameter& parameter : kLinkParameters) {
        out.emplace_back(std::string(kConf) + scope + std::string(parameter.name));
      }
    }
    return out;
  }();
  return all;
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
         std::any_of(kLinkParameters.begin(), kLinkParameters.end(),
                     [&](const LinkParameter& parameter) { return path.substr(slash + 1) == parameter.name; });
}

}  // namespace vpclab::kernel
