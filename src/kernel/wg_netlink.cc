#include "kernel/wg_netlink.h"

#include <algorithm>
#include <cstring>

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <netinet/in.h>

namespace vpclab::kernel {

namespace {

// A peer with its allowed IPs takes at most so many bytes of one request: 100 + 24 each. A peer with more is written
// in several requests, the first of which replaces its list.
constexpr std::size_t kIpsPerRequest = 500;
constexpr std::size_t kRequestBytes = 32U << 10U;

// libmnl's socket of a namespace and the number that the kernel gave the family.
struct Family {
  NetlinkSocket socket;
  std::uint16_t id = 0;
};

base::Result<Family> openFamily(const std::string& what, base::Deadline deadline) {
  auto socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) {
    return base::fail(std::move(socket.error()).context(what));
  }
  Message message(what + ": find family " + WG_GENL_NAME, GENL_ID_CTRL, 0, genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0});
  message.text(CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
  std::uint16_t id = 0;
  auto got = socket->get(
      message, [&id](const nlmsghdr* answer) { id = Attributes(answer, sizeof(genlmsghdr)).u16(CTRL_ATTR_FAMILY_ID); },
      deadline);
  if (!got) {
    return base::fail(std::move(got.error()));
  }
  return Family{std::move(*socket), id};
}

Message setDevice(const std::string& what, std::uint16_t family, const std::string& name) {
  Message message(what, family, 0, genlmsghdr{WG_CMD_SET_DEVICE, WG_GENL_VERSION, 0}, kRequestBytes);
  message.text(WGDEVICE_A_IFNAME, name);
  return message;
}

void addEndpoint(Message& message, const state::WgPeer& peer) {
  if (!peer.endpointAddress || !peer.endpointAddress->isV4()) {
    return;
  }
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  endpoint.sin_port = htons(peer.endpointPort);
  std::memcpy(&endpoint.sin_addr, peer.endpointAddress->bytes(), sizeof endpoint.sin_addr);
  message.bytes(WGPEER_A_ENDPOINT, &endpoint, sizeof endpoint);
}

void addAllowedIps(Message& message, std::span<const net::Prefix> prefixes) {
  message.open(WGPEER_A_ALLOWEDIPS);
  for (const net::Prefix& prefix : prefixes) {
    message.open(0)
        .u16(WGALLOWEDIP_A_FAMILY, prefix.family() == net::Family::kIpv4 ? AF_INET : AF_INET6)
        .address(WGALLOWEDIP_A_IPADDR, prefix.address())
        .u8(WGALLOWEDIP_A_CIDR_MASK, static_cast<std::uint8_t>(prefix.length()))
        .close();
  }
  message.close();
}

void addPeerRequests(std::vector<Message>& out, const std::string& what, std::uint16_t family, const std::string& name,
                     const net::WgKey& key, const state::WgPeer& peer) {
  std::size_t begin = 0;
  do {
    const std::size_t count = std::min(kIpsPerRequest, peer.allowedIps.size() - begin);
    Message message = setDevice(what + ": peer " + key.toBase64(), family, name);
    message.open(WGDEVICE_A_PEERS).open(0).bytes(WGPEER_A_PUBLIC_KEY, key.bytes.data(), key.bytes.size());
    if (begin == 0) {
      message.u32(WGPEER_A_FLAGS, WGPEER_F_REPLACE_ALLOWEDIPS);
      addEndpoint(message, peer);
      message.u16(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer.keepaliveSeconds);
    }
    addAllowedIps(message, std::span(peer.allowedIps).subspan(begin, count));
    message.close().close();
    out.push_back(std::move(message));
    begin += count;
  } while (begin < peer.allowedIps.size());
}

std::optional<net::Prefix> parseAllowedIp(const Attributes& attributes) {
  const auto address = attributes.address(WGALLOWEDIP_A_IPADDR);
  const unsigned length = attributes.u8(WGALLOWEDIP_A_CIDR_MASK);
  return address && length <= address->bits() ? std::optional(net::Prefix(*address, length)) : std::nullopt;
}

// A peer with many allowed IPs is spread over several messages of the dump; later parts repeat its key only.
void parsePeer(const Attributes& attributes, state::WgDevice& out, WgTraffics* traffic) {
  net::WgKey key;
  if (!attributes.copy(WGPEER_A_PUBLIC_KEY, key.bytes.data(), key.bytes.size())) {
    return;
  }
  if (traffic != nullptr) {
    WgTraffic& told = (*traffic)[key];
    __kernel_timespec handshake{};
    if (attributes.copy(WGPEER_A_LAST_HANDSHAKE_TIME, &handshake, sizeof handshake)) {
      told.handshakeSeconds = handshake.tv_sec;
      told.handshakeNanoseconds = handshake.tv_nsec;
    }
    told.receivedBytes = attributes.u64(WGPEER_A_RX_BYTES, told.receivedBytes);
    told.sentBytes = attributes.u64(WGPEER_A_TX_BYTES, told.sentBytes);
  }
  state::WgPeer& peer = (*out.peers)[key];
  sockaddr_in endpoint{};
  if (attributes.copy(WGPEER_A_ENDPOINT, &endpoint, sizeof endpoint) && endpoint.sin_family == AF_INET) {
    peer.endpointAddress = net::IpAddr::fromBytes(&endpoint.sin_addr, sizeof endpoint.sin_addr);
    peer.endpointPort = ntohs(endpoint.sin_port);
  }
  peer.keepaliveSeconds = attributes.u16(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer.keepaliveSeconds);
  for (const nlattr* entry : attributes.nest(WGPEER_A_ALLOWEDIPS).all()) {
    if (const auto prefix = parseAllowedIp(Attributes(entry))) {
      peer.allowedIps.push_back(*prefix);
    }
  }
}

}  // namespace

base::Result<> createWgLink(Session& session, const state::WgDevice& device, const base::UniqueFd& netns) {
  base::Result<> made;
  for (unsigned attempt = 0; attempt < kIndexAttempts; ++attempt) {
    ifinfomsg header{};
    header.ifi_index = ifIndexFor(session.lab, device.netns, device.name, attempt);
    Message message("create WireGuard device " + device.name + " in " + device.netns, RTM_NEWLINK,
                    NLM_F_CREATE | NLM_F_EXCL, header);
    message.text(IFLA_IFNAME, device.name).u32(IFLA_MTU, device.mtu);
    message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns.get()));
    message.open(IFLA_LINKINFO).text(IFLA_INFO_KIND, "wireguard").close();
    made = session.route.request(message, session.deadline);
    if (made || made.error().errnoValue() != EBUSY) {
      break;
    }
  }
  return made;
}

base::Result<> writeWg(Session& session, const std::string& name, const WgChange& change) {
  if (change.empty()) {
    return {};
  }
  const std::string what = "configure WireGuard device " + name + " in " + session.netns;
  auto family = openFamily(what, session.deadline);
  if (!family) {
    return base::fail(std::move(family.error()));
  }
  std::vector<Message> messages;
  if (change.privateKey || change.listenPort) {
    Message message = setDevice(what, family->id, name);
    if (change.privateKey) {
      message.bytes(WGDEVICE_A_PRIVATE_KEY, change.privateKey->bytes.data(), change.privateKey->bytes.size());
    }
    if (change.listenPort) {
      message.u16(WGDEVICE_A_LISTEN_PORT, *change.listenPort);
    }
    messages.push_back(std::move(message));
  }
  for (const net::WgKey& key : change.removed) {
    Message message = setDevice(what + ": remove peer " + key.toBase64(), family->id, name);
    message.open(WGDEVICE_A_PEERS).open(0).bytes(WGPEER_A_PUBLIC_KEY, key.bytes.data(), key.bytes.size());
    message.u32(WGPEER_A_FLAGS, WGPEER_F_REMOVE_ME).close().close();
    messages.push_back(std::move(message));
  }
  for (const auto& [key, peer] : change.written) {
    addPeerRequests(messages, what, family->id, name, key, peer);
  }
  // One exchange each: a request is large.
  for (Message& message : messages) {
    if (auto done = family->socket.request(message, session.deadline); !done) {
      return done;
    }
  }
  return {};
}

base::Result<state::WgDevice> readWg(const std::string& netns, const std::string& name, base::Deadline deadline,
                                     WgTraffics* traffic) {
  const std::string what = "read WireGuard device " + name + " of " + netns;
  auto family = openFamily(what, deadline);
  if (!family) {
    return base::fail(std::move(family.error()));
  }
  Message message(what, family->id, 0, genlmsghdr{WG_CMD_GET_DEVICE, WG_GENL_VERSION, 0});
  message.text(WGDEVICE_A_IFNAME, name);
  state::WgDevice out;
  auto dumped = family->socket.dump(
      message,
      [&out, traffic](const nlmsghdr* answer) {
        const Attributes attributes(answer, sizeof(genlmsghdr));
        attributes.copy(WGDEVICE_A_PRIVATE_KEY, out.privateKey->bytes.data(), out.privateKey->bytes.size());
        attributes.copy(WGDEVICE_A_PUBLIC_KEY, out.publicKey->bytes.data(), out.publicKey->bytes.size());
        out.listenPort = attributes.u16(WGDEVICE_A_LISTEN_PORT, out.listenPort);
        for (const nlattr* entry : attributes.nest(WGDEVICE_A_PEERS).all()) {
          parsePeer(Attributes(entry), out, traffic);
        }
      },
      deadline);
  if (!dumped) {
    return base::fail(std::move(dumped.error()));
  }
  return out;
}

}  // namespace vpclab::kernel
