#include "kernel/change_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "kernel/pins.h"
#include "kernel/threads.h"

namespace vpclab::kernel {

namespace {

constexpr std::chrono::seconds kRequestTime{5};
// What is read at once; the rest waits for the next call.
constexpr int kMaxReads = 256;

constexpr std::array kRoutingGroups{RTNLGRP_LINK,      RTNLGRP_TC,           RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
                                    RTNLGRP_IPV4_RULE, RTNLGRP_IPV4_NETCONF, RTNLGRP_NSID};

template <class Groups>
base::Result<base::UniqueFd> listener(int protocol, const Groups& groups) {
  base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  const int on = 1;
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
      ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) != 0) {
    return base::failErrno("listen to the changes of all network namespaces");
  }
  for (const int group : groups) {
    if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return base::failErrno("join the netlink group " + std::to_string(group));
    }
  }
  return fd;
}

// The number of the namespace that a message is from; 0: it is about the listener's own.
std::int32_t sourceOf(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_NETLINK && part->cmsg_type == NETLINK_LISTEN_ALL_NSID &&
        part->cmsg_len >= CMSG_LEN(sizeof(std::int32_t))) {
      std::int32_t number = 0;
      std::memcpy(&number, CMSG_DATA(part), sizeof number);
      return number;
    }
  }
  return 0;
}

}  // namespace

base::Result<ChangeWatch> ChangeWatch::open(const std::string& netnsDir) {
  base::Result<ChangeWatch> out = base::fail(base::ErrorKind::kInternal, "the watch was not made");
  auto ran = onThreads(1, [&](std::size_t) {
    auto made = makeNetns();
    if (!made) {
      out = base::fail(std::move(made.error()));
      return;
    }
    auto control = NetlinkSocket::open(NETLINK_ROUTE);
    auto routing = listener(NETLINK_ROUTE, kRoutingGroups);
    auto tables = listener(NETLINK_NETFILTER, std::array{NFNLGRP_NFTABLES});
    base::UniqueFd pins(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!control) {
      out = base::fail(std::move(control.error()));
    } else if (!routing) {
      out = base::fail(std::move(routing.error()));
    } else if (!tables) {
      out = base::fail(std::move(tables.error()));
    } else if (!pins) {
      out = base::failErrno("open an inotify instance");
    } else {
      out = ChangeWatch(netnsDir, std::move(*control), std::move(*routing), std::move(*tables), std::move(pins));
    }
  });
  return ran ? std::move(out) : base::fail(std::move(ran.error()));
}

base::Result<> ChangeWatch::follow(const std::string& lab) {
  labs_.insert(lab);
  // The directory may be there only since the first lab. The same watch again is no second one.
  if (::inotify_add_watch(pins_.get(), netnsDir_.c_str(), IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR) < 0) {
    return base::failErrno("watch " + netnsDir_);
  }
  const auto pins = Pins("", netnsDir_).list(lab);
  if (!pins) {
    return base::fail(pins.error());
  }
  std::set<ino_t> known;
  std::set<ino_t> present;
  for (const auto& [number, followed] : numbers_) {
    known.insert(followed.inode);
  }
  for (const auto& pin : *pins) {
    const auto netns = openPin(pin.path);
    struct stat info {};
    if (!netns || ::fstat(netns->get(), &info) != 0) {
      continue;  // it is dead or has just gone, and whoever compares sees that
    }
    present.insert(info.st_ino);
    if (known.count(info.st_ino) != 0) {
      continue;
    }
    const std::int32_t number = next_++;
    rtgenmsg head{};
    head.rtgen_family = AF_UNSPEC;
    Message message("give " + pin.path + " a number", RTM_NEWNSID, NLM_F_REQUEST | NLM_F_ACK, head);
    message.u32(NETNSA_NSID, static_cast<std::uint32_t>(number));
    message.u32(NETNSA_FD, static_cast<std::uint32_t>(netns->get()));
    if (auto given = control_.request(message, base::Deadline::after(kRequestTime)); !given) {
      return given;
    }
    numbers_[number] = {lab, info.st_ino};
  }
  // An inode's number may be given to another namespace later.
  std::erase_if(numbers_,
                [&](const auto& entry) { return entry.second.lab == lab && present.count(entry.second.inode) == 0; });
  return {};
}

void ChangeWatch::forget(const std::string& lab) {
  labs_.erase(lab);
  std::erase_if(numbers_, [&](const auto& entry) { return entry.second.lab == lab; });
}

std::set<std::string> ChangeWatch::changed() {
  std::set<std::string> out;
  drainNetlink(routing_.get(), out);
  drainNetlink(tables_.get(), out);
  drainPins(out);
  return out;
}

void ChangeWatch::addAll(std::set<std::string>& out) const {
  out.insert(labs_.begin(), labs_.end());
}

void ChangeWatch::drainNetlink(int fd, std::set<std::string>& out) {
  alignas(nlmsghdr) std::array<char, 8192> data{};
  alignas(cmsghdr) std::array<char, 256> control{};
  for (int i = 0; i < kMaxReads; ++i) {
    iovec part{data.data(), data.size()};
    sockaddr_nl from{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd, &message, 0);
    if (size < 0 && errno == ENOBUFS) {
      addAll(out);  // more happened than could be told
      continue;
    }
    if (size < 0 && errno != EINTR) {
      return;
    }
    if (size <= 0 || from.nl_pid != 0) {
      continue;
    }
    std::int32_t number = sourceOf(message);
    const auto* head = reinterpret_cast<const nlmsghdr*>(data.data());
    if (number == 0 && mnl_nlmsg_ok(head, static_cast<int>(size)) && head->nlmsg_type == RTM_DELNSID) {
      number = static_cast<std::int32_t>(Attributes(head, sizeof(rtgenmsg)).u32(NETNSA_NSID));
    }
    if (const auto followed = numbers_.find(number); followed != numbers_.end()) {
      out.insert(followed->second.lab);
    }
  }
}

void ChangeWatch::drainPins(std::set<std::string>& out) {
  alignas(inotify_event) std::array<char, 8192> data{};
  for (int i = 0; i < kMaxReads; ++i) {
    const ssize_t size = ::read(pins_.get(), data.data(), data.size());
    if (size <= 0) {
      return;
    }
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      const auto* event = reinterpret_cast<const inotify_event*>(data.data() + at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & (IN_Q_OVERFLOW | IN_IGNORED)) != 0) {
        addAll(out);
        continue;
      }
      const std::string_view name = event->len == 0 ? "" : event->name;
      for (const auto& lab : labs_) {
        if (name.starts_with(std::string(kPinPrefix) + lab + ".")) {
          out.insert(lab);
        }
      }
    }
  }
}

}  // namespace vpclab::kernel
