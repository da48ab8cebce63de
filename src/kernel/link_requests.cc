#include "kernel/link_requests.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <limits>
#include <system_error>
#include <thread>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>

#include "base/text.h"

namespace vpclab::kernel {

namespace {

constexpr std::uint16_t kCreate = NLM_F_CREATE | NLM_F_EXCL;

ifinfomsg linkHeader(int index, bool up) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  header.ifi_flags = up ? IFF_UP : 0;
  header.ifi_change = IFF_UP;
  return header;
}

void addHardware(Message& message, const net::Mac& mac, std::uint32_t mtu) {
  message.bytes(IFLA_ADDRESS, mac.bytes.data(), mac.bytes.size());
  message.u32(IFLA_MTU, mtu);
}

// With one queue each, a veth is made in a third of the time.
void addOneQueue(Message& message) {
  message.u32(IFLA_NUM_TX_QUEUES, 1).u32(IFLA_NUM_RX_QUEUES, 1);
}

// Whether another link may have the index that was asked for. EEXIST can mean the name too, for then another index
// changes nothing (rtnl_newlink looks for the index first, register_netdevice for the name).
template <class T>
bool indexMayBeTaken(const base::Result<T>& made) {
  return !made && (made.error().errnoValue() == EBUSY || made.error().errnoValue() == EEXIST);
}

base::Error inTheWay(const Session& session, const LinkInfo& link) {
  return {base::ErrorKind::kForeign, "a link " + link.name + " that is not ours (" +
                                         (link.kind.empty() ? "no kind" : link.kind) + ") is in the way in " +
                                         session.netns};
}

// Tries one fixed ifindex after another.
base::Result<> createWithIndex(Session& session, const std::string& name,
                               const std::function<Message(int index)>& build) {
  base::Result<> made;
  for (unsigned attempt = 0; attempt < kIndexAttempts; ++attempt) {
    Message message = build(ifIndexFor(session.lab, session.netns, name, attempt));
    made = session.route.request(message, session.deadline);
    if (!indexMayBeTaken(made)) {
      return made;
    }
  }
  const auto there = session.links.find(name, session.deadline);
  return there && !isIndexOf(there->index, session.lab, session.netns, name)
             ? base::fail(inTheWay(session, *there).context(made.error().text()))
             : made;
}

constexpr base::Milliseconds kRemainsTime{1'000};
constexpr base::Milliseconds kRemainsPause{5};

Message vethRequest(Session& session, const state::VethEnd& main, int index, int master, const state::VethEnd& peer,
                    int peerIndex, int peerNetns) {
  Message message("create veth " + main.name + " <-> " + peer.netns + "/" + peer.name + " in " + session.netns,
                  RTM_NEWLINK, kCreate, linkHeader(index, main.up));
  message.text(IFLA_IFNAME, main.name);
  addHardware(message, main.mac, main.mtu);
  addOneQueue(message);
  if (master != 0) {
    message.u32(IFLA_MASTER, static_cast<std::uint32_t>(master));
  }
  message.open(IFLA_LINKINFO).text(IFLA_INFO_KIND, "veth").open(IFLA_INFO_DATA);
  ifinfomsg peerHeader{};
  peerHeader.ifi_index = peerIndex;
  message.open(VETH_INFO_PEER).raw(&peerHeader, sizeof peerHeader);
  message.text(IFLA_IFNAME, peer.name).u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peerNetns));
  addHardware(message, peer.mac, peer.mtu);
  addOneQueue(message);
  message.close().close().close();
  return message;
}

// A link of this name that we made, by its index, and that is not part of a pair any more, or not for long.
base::Result<bool> removeRemains(Session& session, const std::string& name) {
  auto link = session.links.find(name, session.deadline);
  if (!link) {
    return link.error().kind() == base::ErrorKind::kNotFound ? base::Result<bool>(false)
                                                             : base::fail(std::move(link.error()));
  }
  if (link->kind != "veth" || !isIndexOf(link->index, session.lab, session.netns, name)) {
    return base::fail(inTheWay(session, *link));
  }
  Message message("remove what is left of veth " + name, RTM_DELLINK, 0, linkHeader(link->index, false));
  auto removed = session.route.request(message, session.deadline);
  if (!removed && removed.error().kind() != base::ErrorKind::kNotFound) {
    return base::fail(std::move(removed.error()));
  }
  return true;
}

// The same in another namespace, which a thread of its own enters: this one stays where it is.
base::Result<bool> removeRemainsIn(const base::UniqueFd& netns, const std::string& node, Session& here,
                                   const std::string& name) {
  base::Result<bool> removed = false;
  const auto work = [&] {
    if (::setns(netns.get(), CLONE_NEWNET) != 0) {
      removed = base::fail(base::Error::fromErrno(errno, "enter " + node));
      return;
    }
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    if (!socket) {
      removed = base::fail(std::move(socket.error()));
      return;
    }
    Session there(here.lab, node, std::move(*socket), here.procSys, here.deadline);
    removed = removeRemains(there, name);
  };
  try {
    std::thread(work).join();
  } catch (const std::system_error& problem) {
    return base::fail(base::ErrorKind::kSystem, std::string("start a thread: ") + problem.what());
  }
  return removed;
}

}  // namespace

base::Result<> setLink(Session& session, const std::string& name, const LinkSettings& settings) {
  auto index = session.links.index(name, session.deadline);
  if (!index) {
    return base::fail(std::move(index.error()).context("in " + session.netns));
  }
  int master = 0;
  if (!settings.master.empty()) {
    auto found = session.links.index(settings.master, session.deadline);
    if (!found) {
      return base::fail(std::move(found.error()).context("master of " + name + " in " + session.netns));
    }
    master = *found;
  }
  Message message("set link " + name + " in " + session.netns, RTM_NEWLINK, 0, linkHeader(*index, settings.up));
  if (settings.mac != nullptr) {
    message.bytes(IFLA_ADDRESS, settings.mac->bytes.data(), settings.mac->bytes.size());
  }
  if (settings.mtu != 0) {
    message.u32(IFLA_MTU, settings.mtu);
  }
  if (!settings.alias.empty()) {
    message.text(IFLA_IFALIAS, settings.alias);
  }
  message.u32(IFLA_MASTER, static_cast<std::uint32_t>(master));
  return session.route.request(message, session.deadline);
}

base::Result<> createBridge(Session& session, const state::Bridge& bridge) {
  return createWithIndex(session, bridge.name, [&](int index) {
    Message message("create bridge " + bridge.name + " in " + session.netns, RTM_NEWLINK, kCreate,
                    linkHeader(index, bridge.up));
    message.text(IFLA_IFNAME, bridge.name);
    addHardware(message, bridge.mac, bridge.mtu);
    message.open(IFLA_LINKINFO).text(IFLA_INFO_KIND, "bridge").open(IFLA_INFO_DATA);
    message.u32(IFLA_BR_STP_STATE, 0).u8(IFLA_BR_MCAST_SNOOPING, 0).close().close();
    return message;
  });
}

base::Result<> updateBridge(Session& session, const state::Bridge& bridge) {
  return setLink(session, bridge.name, {bridge.mtu, bridge.up, "", &bridge.mac, ""});
}

base::Result<> createVrf(Session& session, const state::Vrf& vrf) {
  return createWithIndex(session, vrf.name, [&](int index) {
    Message message("create VRF device " + vrf.name + " in " + session.netns, RTM_NEWLINK, kCreate,
                    linkHeader(index, vrf.up));
    message.text(IFLA_IFNAME, vrf.name);
    message.open(IFLA_LINKINFO).text(IFLA_INFO_KIND, "vrf").open(IFLA_INFO_DATA).u32(IFLA_VRF_TABLE, vrf.table);
    message.close().close();
    return message;
  });
}

base::Result<> updateVrf(Session& session, const state::Vrf& vrf) {
  return setLink(session, vrf.name, {0, vrf.up, "", nullptr, ""});
}

base::Result<int> createVeth(Session& session, const state::VethEnd& main, const state::VethEnd& peer,
                             const base::UniqueFd& peerNetns) {
  int master = 0;
  if (!main.master.empty()) {
    auto found = session.links.index(main.master, session.deadline);
    if (!found) {
      return base::fail(std::move(found.error()).context("master of " + main.name + " in " + session.netns));
    }
    master = *found;
  }
  const auto attemptAll = [&] {
    base::Result<int> made = 0;
    for (unsigned attempt = 0; attempt < kIndexAttempts; ++attempt) {
      const int peerIndex = ifIndexFor(session.lab, peer.netns, peer.name, attempt);
      Message message = vethRequest(session, main, ifIndexFor(session.lab, session.netns, main.name, attempt), master,
                                    peer, peerIndex, peerNetns.get());
      const auto done = session.route.request(message, session.deadline);
      made = done ? base::Result<int>(peerIndex) : base::fail(done.error());
      if (!indexMayBeTaken(made)) {
        break;
      }
    }
    return made;
  };
  // What is left of a pair whose other end's namespace is just going goes by itself, at either end, a moment later.
  for (const auto patience = session.deadline.earlier(base::Deadline::after(kRemainsTime));;) {
    auto made = attemptAll();
    if (!indexMayBeTaken(made)) {
      return made;
    }
    auto removed = removeRemains(session, main.name);
    if (!removed) {
      return base::fail(std::move(removed.error()).context(made.error().text()));
    }
    // At the other end, too: its pair may be in a namespace that somebody's process keeps, or was moved away.
    auto far = removeRemainsIn(peerNetns, peer.netns, session, peer.name);
    if (patience.passed()) {
      return far ? made : base::fail(std::move(far.error()).context(made.error().text()));
    }
    if (!*removed && !(far && *far)) {
      std::this_thread::sleep_for(kRemainsPause);
    }
  }
}

base::Result<Message> vethPeerRequest(Session& session, const state::VethEnd& peer) {
  auto index = session.links.index(peer.name, session.deadline);
  if (!index) {
    return base::fail(std::move(index.error()).context("in " + session.netns));
  }
  Message message("bring up " + peer.name + " in " + session.netns, RTM_NEWLINK, 0, linkHeader(*index, peer.up));
  if (!peer.master.empty()) {
    auto master = session.links.index(peer.master, session.deadline);
    if (!master) {
      return base::fail(std::move(master.error()).context("master of " + peer.name + " in " + session.netns));
    }
    message.u32(IFLA_MASTER, static_cast<std::uint32_t>(*master));
  }
  return message;
}

base::Result<Message> parametersRequest(Session& session, const std::string& link,
                                        const state::Parameters& parameters) {
  const std::string what = "set the parameters of " + link + " in " + session.netns;
  auto index = session.links.index(link, session.deadline);
  if (!index) {
    return base::fail(std::move(index.error()).context(what));
  }
  ifinfomsg header{};
  header.ifi_index = *index;
  Message message(what, RTM_SETLINK, 0, header);
  message.open(IFLA_AF_SPEC).open(AF_INET).open(IFLA_INET_CONF);
  for (const auto& [path, text] : parameters) {
    const auto known = std::find_if(kLinkParameters.begin(), kLinkParameters.end(), [&, &path = path](const auto& one) {
      return path == "net/ipv4/conf/" + link + "/" + std::string(one.name);
    });
    const auto value = base::parseInteger(text.str(), 0, std::numeric_limits<std::int32_t>::max());
    if (known == kLinkParameters.end() || !value) {
      return base::fail(base::ErrorKind::kInvalid, "set " + path + " in " + session.netns + " to " + text);
    }
    message.u32(known->number, static_cast<std::uint32_t>(*value));
  }
  message.close().close().close();
  return message;
}

base::Result<> updateVethEnd(Session& session, const state::VethEnd& end) {
  return setLink(session, end.name, {end.mtu, end.up, end.master, &end.mac, ""});
}

base::Result<> deleteLink(Session& session, const std::string& name, std::string_view kind) {
  auto link = session.links.find(name, session.deadline);
  if (!link) {
    return link.error().kind() == base::ErrorKind::kNotFound ? base::Result<>() : base::fail(std::move(link.error()));
  }
  if (link->kind != kind) {
    return base::fail(base::ErrorKind::kForeign,
                      "link " + name + " in " + session.netns + " is no " + std::string(kind) + "; it is left alone");
  }
  Message message("delete " + std::string(kind) + " " + name + " in " + session.netns, RTM_DELLINK, 0,
                  linkHeader(link->index, false));
  auto deleted = session.route.request(message, session.deadline);
  if (!deleted && deleted.error().kind() == base::ErrorKind::kNotFound) {
    return {};
  }
  return deleted;
}

}  // namespace vpclab::kernel
