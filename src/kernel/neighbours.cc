#include "kernel/neighbours.h"

#include <algorithm>
#include <vector>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace vpclab::kernel {

namespace {

using Entry = std::pair<net::IpAddr, net::Mac>;

constexpr std::size_t kRequestBytes = 128;

// `what` stays empty: thousands of these are sent, and the error names the link.
Message neighbourRequest(std::uint16_t type, std::uint16_t flags, int linkIndex, std::uint16_t state,
                         const net::IpAddr& address) {
  ndmsg header{};
  header.ndm_family = AF_INET;
  header.ndm_ifindex = linkIndex;
  header.ndm_state = state;
  Message message("", type, flags, header, kRequestBytes);
  message.address(NDA_DST, address);
  return message;
}

}  // namespace

base::Result<> changeNeighbours(Session& session, const state::Neighbours& before, const state::Neighbours& after) {
  auto index = session.links.index(after.link, session.deadline);
  if (!index) {
    return base::fail(std::move(index.error()).context("neighbours in " + session.netns));
  }
  std::vector<Message> messages;
  std::vector<Entry> meant;
  // Both are sorted by address.
  for (const Entry& old : before.entries) {
    const auto same = std::lower_bound(after.entries.begin(), after.entries.end(), Entry{old.first, net::Mac{}});
    if (same == after.entries.end() || same->first != old.first) {
      messages.push_back(neighbourRequest(RTM_DELNEIGH, 0, *index, 0, old.first));
      meant.push_back(old);
    }
  }
  const std::size_t removals = messages.size();
  for (const Entry& entry : after.entries) {
    if (!std::binary_search(before.entries.begin(), before.entries.end(), entry)) {
      Message& message = messages.emplace_back(
          neighbourRequest(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, *index, NUD_PERMANENT, entry.first));
      message.bytes(NDA_LLADDR, entry.second.bytes.data(), entry.second.bytes.size());
      message.u8(NDA_PROTOCOL, state::kRouteProtocol);
      meant.push_back(entry);
    }
  }
  auto results = session.route.transact(messages, session.deadline);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i] && !(i < removals && results[i].error().kind() == base::ErrorKind::kNotFound)) {
      return base::fail(
          std::move(results[i].error())
              .context("neighbour " + meant[i].first.toString() + " of " + after.link + " in " + session.netns));
    }
  }
  return {};
}

base::Result<state::Neighbours> readNeighbours(NetlinkSocket& socket, const state::Neighbours& asked, int linkIndex,
                                               base::Deadline deadline) {
  std::vector<Message> messages;
  messages.reserve(asked.entries.size());
  for (const Entry& entry : asked.entries) {
    messages.push_back(neighbourRequest(RTM_GETNEIGH, 0, linkIndex, 0, entry.first));
  }
  state::Neighbours out{asked.netns, asked.link, {}};
  const auto results = socket.getEach(
      messages,
      [&](std::size_t i, const nlmsghdr* answer) {
        if (answer->nlmsg_type != RTM_NEWNEIGH || answer->nlmsg_len < NLMSG_LENGTH(sizeof(ndmsg))) {
          return;
        }
        const auto* info = static_cast<const ndmsg*>(NLMSG_DATA(answer));
        net::Mac mac;
        if ((info->ndm_state & NUD_PERMANENT) != 0 &&
            Attributes(answer, sizeof(ndmsg)).copy(NDA_LLADDR, mac.bytes.data(), mac.bytes.size())) {
          out.entries.emplace_back(asked.entries[i].first, mac);
        }
      },
      deadline);
  for (const auto& result : results) {
    if (!result && result.error().kind() != base::ErrorKind::kNotFound) {
      return base::fail(base::Error(result.error()).context("list neighbours of " + asked.link + " in " + asked.netns));
    }
  }
  return out;
}

}  // namespace vpclab::kernel
