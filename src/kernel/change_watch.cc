#include "kernel/change_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kernel/pins.h"
#include "kernel/threads.h"

namespace vpclab::kernel {

namespace {

constexpr std::chrono::seconds kRequestTime{5};
// What is read at once; whoever changes more than that has changed anything.
constexpr int kMaxReads = 8192;
// What may be told between two calls: some thousand changes. Beyond that the kernel says that it lost count.
constexpr int kQueueBytes = 4 << 20;

constexpr std::array kRoutingGroups{RTNLGRP_LINK,       RTNLGRP_TC,        RTNLGRP_IPV4_IFADDR,
                                    RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV4_NETCONF};

base::Result<> join(int fd, int group) {
  if (::setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
    return base::failErrno("join the netlink group " + std::to_string(group));
  }
  return {};
}

base::Result<base::UniqueFd> listener(int protocol) {
  base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  const int on = 1;
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
      ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kQueueBytes, sizeof kQueueBytes) != 0) {
    return base::failErrno("listen to the changes of all network namespaces");
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
    auto routing = listener(NETLINK_ROUTE);
    auto tables = listener(NETLINK_NETFILTER);
    auto joined = routing ? join(routing->get(), RTNLGRP_NSID) : base::Result<>();
    if (!control) {
      out = base::fail(std::move(control.error()));
    } else if (!routing) {
      out = base::fail(std::move(routing.error()));
    } else if (!tables) {
      out = base::fail(std::move(tables.error()));
    } else if (!joined) {
      out = base::fail(std::move(joined.error()));
    } else {
      out = ChangeWatch(netnsDir, std::move(*control), std::move(*routing), std::move(*tables));
    }
  });
  return ran ? std::move(out) : base::fail(std::move(ran.error()));
}

base::Result<> ChangeWatch::listen(Neighbours neighbours) {
  for (const int group : kRoutingGroups) {
    if (auto joined = join(routing_.get(), group); !joined) {
      return joined;
    }
  }
  if (neighbours == Neighbours::kHeard) {
    if (auto joined = join(routing_.get(), RTNLGRP_NEIGH); !joined) {
      return joined;
    }
  }
  return join(tables_.get(), NFNLGRP_NFTABLES);
}

base::Result<std::set<std::string>> ChangeWatch::follow(const std::string& lab) {
  const auto pins = Pins("", netnsDir_).list(lab);
  if (!pins) {
    return base::fail(pins.error());
  }
  std::unordered_map<std::string_view, std::int32_t> before;
  std::unordered_set<ino_t> known;
  before.reserve(numbers_.size());
  known.reserve(numbers_.size());
  for (const auto& [id, followed] : numbers_) {
    known.insert(followed.inode);
    if (followed.lab == lab) {
      before.emplace(followed.node, id);
    }
  }
  std::set<std::string> out;
  for (const auto& pin : *pins) {
    const auto old = before.find(pin.node);
    struct stat info {};
    if (old != before.end() && ::stat(pin.path.c_str(), &info) == 0 && info.st_ino == numbers_.at(old->second).inode) {
      before.erase(old);
      continue;
    }
    out.insert(pin.node);
    const auto netns = openPin(pin.path);
    // Dead, or gone just now: whoever looks sees that. Or pinned under two names, of which one is followed.
    if (!netns || ::fstat(netns->get(), &info) != 0 || known.contains(info.st_ino)) {
      continue;
    }
    const std::int32_t id = next_++;
    if (auto given = number(pin.path, id, netns->get()); !given) {
      return base::fail(std::move(given.error()));
    }
    numbers_[id] = {lab, pin.node, info.st_ino};
    known.insert(info.st_ino);
  }
  for (const auto& [node, id] : before) {
    out.emplace(node);
    numbers_.erase(id);  // with the name
  }
  return out;
}

base::Result<> ChangeWatch::number(const std::string& path, std::int32_t number, int netns) {
  rtgenmsg head{};
  head.rtgen_family = AF_UNSPEC;
  Message message("give " + path + " a number", RTM_NEWNSID, NLM_F_REQUEST | NLM_F_ACK, head);
  message.u32(NETNSA_NSID, static_cast<std::uint32_t>(number));
  message.u32(NETNSA_FD, static_cast<std::uint32_t>(netns));
  return control_.request(message, base::Deadline::after(kRequestTime));
}

void ChangeWatch::forget(const std::string& lab) {
  std::erase_if(numbers_, [&](const auto& entry) { return entry.second.lab == lab; });
}

ChangeWatch::Changes ChangeWatch::changed() {
  Changes out;
  drain(routing_.get(), out);
  drain(tables_.get(), out);
  return out;
}

void ChangeWatch::drain(int fd, Changes& out) {
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
      out.lostCount = true;  // more happened than could be told
      continue;
    }
    if (size < 0 && errno != EINTR) {
      return;
    }
    if (size <= 0 || from.nl_pid != 0) {
      continue;
    }
    const std::int32_t number = sourceOf(message);
    int left = static_cast<int>(size);
    for (const auto* next = reinterpret_cast<const nlmsghdr*>(data.data()); mnl_nlmsg_ok(next, left);
         next = mnl_nlmsg_next(next, &left)) {
      note(next, number, out);
    }
  }
  out.lostCount = true;
}

void ChangeWatch::note(const nlmsghdr* message, std::int32_t number, Changes& out) {
  const bool died = number == 0 && message->nlmsg_type == RTM_DELNSID;
  if (died) {
    number = static_cast<std::int32_t>(Attributes(message, sizeof(rtgenmsg)).u32(NETNSA_NSID));
  }
  const auto followed = numbers_.find(number);
  if (followed == numbers_.end()) {
    return;
  }
  const auto& [lab, node, inode] = followed->second;
  if (message->nlmsg_type == RTM_NEWNEIGH || message->nlmsg_type == RTM_DELNEIGH) {
    // Others are what a bridge has learnt, and IPv6: no objects of a lab.
    const auto* info = static_cast<const ndmsg*>(NLMSG_DATA(message));
    if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(ndmsg)) && info->ndm_family == AF_INET) {
      if (const auto address = Attributes(message, sizeof(ndmsg)).address(NDA_DST)) {
        out.neighbours[lab][node].emplace(info->ndm_ifindex, *address);
      }
    }
    return;
  }
  out.nodes[lab].insert(node);
  if (died) {
    out.died = true;
    numbers_.erase(followed);
  }
}

}  // namespace vpclab::kernel
