#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kernel/netlink_socket.h"

namespace vpclab::kernel {

// The ifindex that we ask for when we make the link. It follows from the link's name, so that a veth's ends find each
// other by their indexes alone (no nsid look-ups), and a link of ours is known as such under whatever name. `attempt`
// gives another one where the first is taken (24 bits; a namespace may hold a thousand ports).
int ifIndexFor(const std::string& lab, const std::string& netns, const std::string& name, unsigned attempt);
inline constexpr int kFirstIndexOfOurs = 1 << 16;  // above what the kernel gives out by itself
inline constexpr unsigned kIndexAttempts = 4;
bool isIndexOf(int index, const std::string& lab, const std::string& netns, const std::string& name);

struct LinkInfo {
  int index = 0;
  std::string name;
  std::string kind;   // IFLA_INFO_KIND; empty for physical ones and the loopback
  std::string alias;  // IFLA_IFALIAS
  unsigned flags = 0;
  std::uint32_t mtu = 0;
  int master = 0;
  int peer = 0;                // IFLA_LINK
  std::string address;         // raw bytes
  std::uint32_t table = 0;     // of a VRF
  std::uint32_t tunFlags = 0;  // of a tun: IFF_NO_PI, IFF_VNET_HDR as for TUNSETIFF
  // Those of kLinkParameters, in their order; empty where the link has no IPv4.
  std::vector<std::int32_t> parameters;
};

// The parameters of a link, net/ipv4/conf/LINK/..., that rtnetlink(7) knows too (IFLA_INET_CONF): they come with each
// link that is read and go in one request with others, and procfs need not be searched.
struct LinkParameter {
  std::string_view name;
  std::uint16_t number;  // IPV4_DEVCONF_ in linux/ip.h
};
inline constexpr std::array<LinkParameter, 3> kLinkParameters = {
    {{"send_redirects", 6}, {"accept_redirects", 4}, {"rp_filter", 8}}};

LinkInfo parseLink(const nlmsghdr* message);

// The links of one namespace by name, looked up when first asked for.
class LinkTable {
 public:
  explicit LinkTable(NetlinkSocket& socket) : socket_(&socket) {}

  // Errors: kNotFound.
  base::Result<LinkInfo> find(const std::string& name, base::Deadline deadline);
  base::Result<int> index(const std::string& name, base::Deadline deadline);
  // From whoever has just made it.
  void learn(const std::string& name, int index) { indexes_[name] = index; }

 private:
  NetlinkSocket* socket_;
  std::map<std::string, int> indexes_;
};

}  // namespace vpclab::kernel
