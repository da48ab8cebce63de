#include "kernel/namespaces.h"

#include <cerrno>
#include <map>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include "kernel/holders.h"
#include "kernel/links.h"
#include "kernel/route_requests.h"
#include "kernel/session.h"
#include "kernel/threads.h"

namespace vpclab::kernel {

namespace {

base::Result<> cutCables(NetlinkSocket& socket, const std::string& node, base::Deadline deadline) {
  std::vector<int> cables;
  Message list("list links of " + node, RTM_GETLINK, 0, ifinfomsg{});
  auto listed = socket.dump(
      list,
      [&](const nlmsghdr* answer) {
        if (answer->nlmsg_type == RTM_NEWLINK) {
          const LinkInfo link = parseLink(answer);
          if (link.kind == "veth" && link.index >= kFirstIndexOfOurs) {
            cables.push_back(link.index);
          }
        }
      },
      deadline);
  for (std::size_t i = 0; listed && i < cables.size(); ++i) {
    ifinfomsg header{};
    header.ifi_index = cables[i];
    Message message("cut a cable of " + node, RTM_DELLINK, 0, header);
    auto cut = socket.request(message, deadline);
    if (!cut && cut.error().kind() != base::ErrorKind::kNotFound) {
      return cut;
    }
  }
  return listed;
}

// The kernel clears a namespace away in the background, and answers for its addresses until it comes to them: long
// enough for others to learn them from it, although they are another node's by then.
base::Result<> takeAddresses(NetlinkSocket& socket, const std::string& node, base::Deadline deadline) {
  std::vector<Message> messages;
  ifaddrmsg all{};
  all.ifa_family = AF_INET;
  Message list("list addresses of " + node, RTM_GETADDR, 0, all);
  auto listed = socket.dump(
      list,
      [&](const nlmsghdr* answer) {
        if (answer->nlmsg_type != RTM_NEWADDR || answer->nlmsg_len < NLMSG_LENGTH(sizeof(ifaddrmsg))) {
          return;
        }
        const auto* info = static_cast<const ifaddrmsg*>(NLMSG_DATA(answer));
        const auto address = Attributes(answer, sizeof(ifaddrmsg)).address(IFA_LOCAL);
        if (address && static_cast<int>(info->ifa_index) >= kFirstIndexOfOurs) {
          ifaddrmsg header{};
          header.ifa_family = AF_INET;
          header.ifa_prefixlen = info->ifa_prefixlen;
          header.ifa_index = info->ifa_index;
          messages.emplace_back("take an address of " + node, RTM_DELADDR, 0, header).address(IFA_LOCAL, *address);
        }
      },
      deadline);
  if (!listed) {
    return listed;
  }
  for (auto& taken : socket.transact(messages, deadline)) {
    // One that went with another one, or with its link.
    if (!taken && taken.error().kind() != base::ErrorKind::kNotFound && taken.error().errnoValue() != EADDRNOTAVAIL) {
      return base::fail(std::move(taken.error()));
    }
  }
  return {};
}

Message loopbackRequest(const state::Netns& netns) {
  ifinfomsg header{};
  header.ifi_index = 1;
  header.ifi_flags = netns.loopbackUp ? IFF_UP : 0;
  header.ifi_change = IFF_UP;
  return {"set the loopback of " + netns.name, RTM_NEWLINK, 0, header};
}

// Of what is there already the kernel says so.
base::Result<> addMissing(NetlinkSocket& socket, Message message, base::Deadline deadline) {
  auto added = socket.request(message, deadline);
  return !added && added.error().kind() == base::ErrorKind::kExists ? base::Result<>() : added;
}

// As the kernel does for a loopback that comes up (inetdev_event).
base::Result<> addLoopbackAddress(NetlinkSocket& socket, const std::string& node, base::Deadline deadline) {
  const net::IpAddr own = net::IpAddr::v4(INADDR_LOOPBACK);
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 8;
  header.ifa_scope = RT_SCOPE_HOST;
  header.ifa_index = 1;
  Message message("add the loopback's address in " + node, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  message.address(IFA_LOCAL, own);
  message.address(IFA_ADDRESS, own);
  message.text(IFA_LABEL, "lo");
  return addMissing(socket, std::move(message), deadline);
}

}  // namespace

base::Result<NetlinkSocket> enterPinned(const std::string& path) {
  if (auto entered = enterPin(path); !entered) {
    return base::fail(std::move(entered.error()));
  }
  return NetlinkSocket::open(NETLINK_ROUTE);
}

base::Result<NetlinkSocket> enterOwned(const Environment& environment, const std::string& path,
                                       base::Deadline deadline) {
  auto socket = enterPinned(path);
  if (socket) {
    if (auto owned = environment.pins.checkOwner(*socket, path, deadline); !owned) {
      return base::fail(std::move(owned.error()));
    }
  }
  return socket;
}

base::Result<NetlinkSocket> createNetns(Environment& environment, const std::string& lab, const state::Netns& netns,
                                        base::Deadline deadline) {
  if (auto valid = checkNodeName(netns.name); !valid) {
    return base::fail(std::move(valid.error()));
  }
  if (auto made = makeNetns(); !made) {
    return base::fail(std::move(made.error()));
  }
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) {
    return base::fail(std::move(socket.error()));
  }
  Message loopback = loopbackRequest(netns);
  loopback.text(IFLA_IFALIAS, environment.pins.mark());
  if (auto set = socket->request(loopback, deadline); !set) {
    return base::fail(std::move(set.error()));
  }
  if (netns.localRulePriority != 0) {
    if (auto moved = moveLocalRule(*socket, netns.name, netns.localRulePriority, deadline); !moved) {
      return base::fail(std::move(moved.error()));
    }
  }
  if (auto pinned = environment.pins.pin(environment.pins.path(lab, netns.name), deadline); !pinned) {
    return base::fail(std::move(pinned.error()));
  }
  return socket;
}

base::Result<> updateNetns(Environment& environment, const std::string& lab, const state::Netns& netns,
                           base::Deadline deadline) {
  auto socket = enterOwned(environment, environment.pins.path(lab, netns.name), deadline);
  if (!socket) {
    return base::fail(std::move(socket.error()));
  }
  Session session(lab, netns.name, std::move(*socket), environment.procSys, deadline);
  Message loopback = loopbackRequest(netns);
  if (auto set = session.route.request(loopback, deadline); !set) {
    return set;
  }
  if (auto added = addLoopbackAddress(session.route, netns.name, deadline); !added) {
    return added;
  }
  if (auto added = addMissing(session.route, mainRuleRequest(netns.name), deadline); !added) {
    return added;
  }
  for (const auto& route : state::loopbackRoutes()) {
    auto message = addressRouteRequest(session, state::loopbackAddress(netns.name), route);
    auto added = message ? session.route.request(*message, deadline) : base::fail(std::move(message.error()));
    if (!added && added.error().errnoValue() != EEXIST) {
      return added;
    }
  }
  return moveLocalRule(session.route, netns.name, netns.localRulePriority, deadline);
}

std::set<std::string> heldNodes(const Environment& environment, const std::string& lab,
                                const std::vector<std::string>& nodes) {
  std::map<NetnsId, std::string> byId;
  std::set<NetnsId> ids;
  for (const auto& node : nodes) {
    struct stat info = {};
    if (::stat(environment.pins.path(lab, node).c_str(), &info) == 0) {
      byId.emplace(NetnsId(info.st_dev, info.st_ino), node);
      ids.emplace(info.st_dev, info.st_ino);
    }
  }
  std::set<std::string> held;
  if (!ids.empty()) {
    for (const NetnsId& id : heldAmong(ids)) {
      held.insert(byId.at(id));
    }
  }
  return held;
}

base::Result<> deleteNetns(Environment& environment, const std::string& lab, const state::Netns& netns, bool held,
                           base::Deadline deadline) {
  const std::string path = environment.pins.path(lab, netns.name);
  auto socket = enterOwned(environment, path, deadline);
  // kInvalid: a dead pin, which nobody misses.
  if (!socket && socket.error().kind() == base::ErrorKind::kNotFound) {
    return {};
  }
  if (!socket && socket.error().kind() != base::ErrorKind::kInvalid) {
    return base::fail(std::move(socket.error()));
  }
  if (socket) {
    auto apart = held ? cutCables(*socket, netns.name, deadline) : takeAddresses(*socket, netns.name, deadline);
    if (!apart) {
      return apart;
    }
  }
  return Pins::unpin(path);
}

bool isGone(const base::Error& error) {
  return error.kind() == base::ErrorKind::kInvalid || error.kind() == base::ErrorKind::kNotFound;
}

}  // namespace vpclab::kernel
