#include "kernel/links.h"

#include <algorithm>

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/text.h"

namespace vpclab::kernel {

int ifIndexFor(const std::string& lab, const std::string& netns, const std::string& name, unsigned attempt) {
  const std::string seed = lab + "/" + netns + "/" + name + "/" + std::to_string(attempt);
  constexpr std::uint64_t kMany = (1U << 24U) - kFirstIndexOfOurs;
  return kFirstIndexOfOurs + static_cast<int>(base::stableHash(seed) % kMany);
}

bool isIndexOf(int index, const std::string& lab, const std::string& netns, const std::string& name) {
  for (unsigned attempt = 0; attempt < kIndexAttempts; ++attempt) {
    if (index == ifIndexFor(lab, netns, name, attempt)) {
      return true;
    }
  }
  return false;
}

LinkInfo parseLink(const nlmsghdr* message) {
  LinkInfo out;
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(ifinfomsg))) {
    return out;
  }
  const auto* header = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
  const Attributes attributes(message, sizeof(ifinfomsg));
  out.index = header->ifi_index;
  out.flags = header->ifi_flags;
  out.name = attributes.text(IFLA_IFNAME);
  out.alias = attributes.text(IFLA_IFALIAS);
  out.mtu = attributes.u32(IFLA_MTU);
  out.master = static_cast<int>(attributes.u32(IFLA_MASTER));
  out.peer = static_cast<int>(attributes.u32(IFLA_LINK));
  if (const nlattr* address = attributes.find(IFLA_ADDRESS)) {
    out.address.assign(reinterpret_cast<const char*>(address) + NLA_HDRLEN, address->nla_len - NLA_HDRLEN);
  }
  const Attributes info = attributes.nest(IFLA_LINKINFO);
  out.kind = info.text(IFLA_INFO_KIND);
  if (out.kind == "vrf") {
    out.table = info.nest(IFLA_INFO_DATA).u32(IFLA_VRF_TABLE);
  } else if (out.kind == "tun") {
    const Attributes tun = info.nest(IFLA_INFO_DATA);
    out.tunFlags = (tun.u8(IFLA_TUN_PI) == 0 ? IFF_NO_PI : 0U) | (tun.u8(IFLA_TUN_VNET_HDR) != 0 ? IFF_VNET_HDR : 0U);
  }
  // An array of numbers, the first of which is that of parameter 1 (inet_fill_link_af).
  if (const nlattr* values = attributes.nest(IFLA_AF_SPEC).nest(AF_INET).find(IFLA_INET_CONF)) {
    const std::size_t count = (values->nla_len - NLA_HDRLEN) / sizeof(std::int32_t);
    const char* first = reinterpret_cast<const char*>(values) + NLA_HDRLEN;
    for (const LinkParameter& parameter : kLinkParameters) {
      if (parameter.number <= count) {
        std::int32_t value = 0;
        std::copy_n(first + (parameter.number - 1U) * sizeof value, sizeof value, reinterpret_cast<char*>(&value));
        out.parameters.push_back(value);
      }
    }
  }
  return out;
}

base::Result<LinkInfo> LinkTable::find(const std::string& name, base::Deadline deadline) {
  Message message("look up link " + name, RTM_GETLINK, 0, ifinfomsg{});
  message.text(IFLA_IFNAME, name).u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  LinkInfo out;
  auto got = socket_->get(
      message, [&out](const nlmsghdr* answer) { out = parseLink(answer); }, deadline);
  if (!got) {
    return base::fail(std::move(got.error()));
  }
  return out;
}

base::Result<int> LinkTable::index(const std::string& name, base::Deadline deadline) {
  const auto known = indexes_.find(name);
  if (known != indexes_.end()) {
    return known->second;
  }
  auto link = find(name, deadline);
  if (!link) {
    return base::fail(std::move(link.error()));
  }
  return indexes_[name] = link->index;
}

}  // namespace vpclab::kernel
