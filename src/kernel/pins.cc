#include "kernel/pins.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/text.h"
#include "kernel/pin_directory.h"
#include "kernel/threads.h"

namespace vpclab::kernel {

namespace {

constexpr std::string_view kMark = "vpclab owner=";
constexpr int kLoopback = 1;  // its ifindex in every namespace: LOOPBACK_IFINDEX

bool isNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

base::Result<> failPin(const std::string& operation, const std::string& path) {
  return base::failErrno(operation + " " + path);
}

}  // namespace

base::Result<> checkLabName(const std::string& lab) {
  if (lab.empty() || !std::all_of(lab.begin(), lab.end(), isNameByte)) {
    return base::fail(base::ErrorKind::kInvalid, "'" + base::printable(lab) + "' is no lab name");
  }
  if (lab.size() > 100) {
    return base::fail(base::ErrorKind::kLimit, "a lab name is longer than 100 bytes: " + lab);
  }
  return {};
}

base::Result<> checkNodeName(const std::string& node) {
  const bool bytes = std::all_of(node.begin(), node.end(), [](char c) { return isNameByte(c) || c == '.'; });
  if (node.empty() || node.front() == '.' || !bytes) {
    return base::fail(base::ErrorKind::kInvalid, "'" + base::printable(node) + "' is no node name");
  }
  if (node.size() > 140) {  // with prefix and lab less than NAME_MAX
    return base::fail(base::ErrorKind::kLimit, "a node name is longer than 140 bytes: " + node);
  }
  return {};
}

std::string Pins::path(const std::string& lab, const std::string& node) const {
  return netnsDir_ + "/" + std::string(kPinPrefix) + lab + "." + node;
}

std::string Pins::mark() const {
  return std::string(kMark) + runDir_;
}

base::Result<std::vector<Pin>> Pins::list(const std::string& lab) const {
  std::vector<Pin> out;
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Close> directory(::opendir(netnsDir_.c_str()));
  if (!directory) {
    return errno == ENOENT ? base::Result<std::vector<Pin>>(std::move(out))
                           : base::failErrno("open directory " + netnsDir_);
  }
  const std::string prefix = std::string(kPinPrefix) + lab + (lab.empty() ? "" : ".");
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      break;
    }
    const std::string_view name = entry->d_name;
    const auto dot = name.find('.', kPinPrefix.size());
    if (!name.starts_with(prefix) || dot == std::string_view::npos) {
      continue;
    }
    Pin pin{std::string(name.substr(kPinPrefix.size(), dot - kPinPrefix.size())), std::string(name.substr(dot + 1)),
            netnsDir_ + "/" + std::string(name)};
    if (checkLabName(pin.lab) && checkNodeName(pin.node)) {
      out.push_back(std::move(pin));
    }
  }
  if (errno != 0) {
    return base::failErrno("read directory " + netnsDir_);
  }
  std::sort(out.begin(), out.end(), [](const Pin& x, const Pin& y) { return x.path < y.path; });
  return out;
}

namespace {

std::string ownerIn(const std::string& alias) {
  return alias.starts_with(kMark) ? alias.substr(kMark.size()) : std::string();
}

}  // namespace

base::Result<std::string> readOwner(NetlinkSocket& socket, base::Deadline deadline) {
  ifinfomsg header{};
  header.ifi_index = kLoopback;
  Message message("read the owner of a namespace", RTM_GETLINK, 0, header);
  message.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  std::string alias;
  auto got = socket.get(
      message, [&alias](const nlmsghdr* answer) { alias = Attributes(answer, sizeof(ifinfomsg)).text(IFLA_IFALIAS); },
      deadline);
  if (!got) {
    return base::fail(std::move(got.error()));
  }
  return ownerIn(alias);
}

base::Result<> Pins::checkOwner(NetlinkSocket& socket, const std::string& path, base::Deadline deadline) const {
  auto owner = readOwner(socket, deadline);
  if (!owner) {
    return base::fail(std::move(owner.error()).context(path));
  }
  return checkName(*owner, path);
}

base::Result<> Pins::checkMark(const std::string& alias, const std::string& path) const {
  return checkName(ownerIn(alias), path);
}

base::Result<> Pins::checkName(const std::string& owner, const std::string& path) const {
  if (owner.empty()) {
    return base::fail(base::ErrorKind::kForeign, path + " was not made by vpclab; it is left alone");
  }
  if (owner != runDir_) {
    return base::fail(base::ErrorKind::kForeign, path + " belongs to the vpclab daemon of run directory " +
                                                     base::printable(owner) + ", not to that of " + runDir_);
  }
  return {};
}

base::Result<> Pins::pin(const std::string& path, base::Deadline deadline) const {
  for (int attempt = 0;; ++attempt) {
    const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
    if (file) {
      break;
    }
    if (errno != EEXIST || attempt == 3) {
      return failPin("create pin", path);
    }
    const auto existing = openPin(path);
    if (existing) {
      base::Result<> owned;
      auto ran = onThreads(1, [&](std::size_t) {
        owned = enter(*existing, path);
        if (owned) {
          auto socket = NetlinkSocket::open(NETLINK_ROUTE);
          owned = socket ? checkOwner(*socket, path, deadline) : base::fail(std::move(socket.error()));
        }
      });
      if (!ran || !owned) {
        return ran ? owned : ran;
      }
      return base::fail(base::ErrorKind::kExists, path + " exists already");
    }
    if (existing.error().kind() != base::ErrorKind::kInvalid) {
      return base::fail(existing.error());
    }
    if (auto removed = unpin(path); !removed) {
      return removed;
    }
  }
  if (::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    auto failed = failPin("mount a namespace on", path);
    ::unlink(path.c_str());
    return failed;
  }
  return {};
}

base::Result<> Pins::unpin(const std::string& path) {
  // More than one mount may lie on it, if somebody bound it again. EINVAL: none.
  while (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno != EINVAL && errno != ENOENT) {
    return failPin("unmount", path);
  }
  // Also takes off what copies of this mount other mount namespaces have (since Linux 3.18).
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return failPin("remove", path);
  }
  return {};
}

base::Result<base::UniqueFd> Pins::makeDirectory() const {
  return makePinDirectory(netnsDir_);
}

void Pins::removeDirectory() const {
  removePinDirectory(netnsDir_);
}

}  // namespace vpclab::kernel
