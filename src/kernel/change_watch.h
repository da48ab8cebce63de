#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/netlink_socket.h"
#include "net/ip.h"

namespace vpclab::kernel {

// Hears of what anybody changes in the namespaces of labs: links, addresses, routes, rules, neighbours, queueing
// disciplines, nft tables. What the kernel tells nobody (parameters under /proc/sys, but forwarding and the like; a
// tunnel's peers), it does not hear of.
//
// It needs no descriptor per namespace: its sockets are in a namespace of their own, in which each of the others gets a
// number (RTM_NEWNSID), and hear all that have one (NETLINK_LISTEN_ALL_NSID, Linux 4.2).
class ChangeWatch {
 public:
  // Does not listen yet, but to namespaces that go. Errors: kPermission without CAP_NET_BROADCAST, which is what
  // netlink(7) asks of who listens to others' namespaces.
  static base::Result<ChangeWatch> open(const std::string& netnsDir);
  // Neighbours come and go with the traffic wherever they are learnt.
  enum class Neighbours { kIgnored, kHeard };
  // From now on. To be called once.
  base::Result<> listen(Neighbours neighbours);

  // What changes in the namespaces that the lab has at this moment, from now on. Returns the nodes whose namespaces are
  // others than at the last call: new ones, those that are gone, and those that have come in the place of another. One
  // is known by its inode, which another may get as soon as it has died: changed() tells of that, and a second call
  // after it misses none.
  base::Result<std::set<std::string>> follow(const std::string& lab);
  void forget(const std::string& lab);

  // To be polled for reading.
  std::vector<int> fds() const { return {routing_.get(), tables_.get()}; }

  struct Changes {
    bool lostCount = false;  // anything may have changed, in all labs
    // By lab, the nodes in whose namespaces something has that is no neighbour.
    std::map<std::string, std::set<std::string>> nodes;
    // By lab and node, the IPv4 neighbours that have, with their links' indexes.
    std::map<std::string, std::map<std::string, std::set<std::pair<int, net::IpAddr>>>> neighbours;
    bool died = false;  // one of the namespaces is gone: whoever follows its lab has to say so again
  };
  // Since the last call. Never waits.
  Changes changed();

 private:
  ChangeWatch(std::string netnsDir, NetlinkSocket control, base::UniqueFd routing, base::UniqueFd tables)
      : netnsDir_(std::move(netnsDir)),
        control_(std::move(control)),
        routing_(std::move(routing)),
        tables_(std::move(tables)) {}
  void drain(int fd, Changes& out);
  void note(const nlmsghdr* message, std::int32_t number, Changes& out);
  base::Result<> number(const std::string& path, std::int32_t number, int netns);

  struct Followed {
    std::string lab;
    std::string node;
    ino_t inode = 0;
  };

  std::string netnsDir_;
  NetlinkSocket control_;
  base::UniqueFd routing_;  // NETLINK_ROUTE
  base::UniqueFd tables_;   // NETLINK_NETFILTER
  std::map<std::int32_t, Followed> numbers_;
  std::int32_t next_ = 1;
};

}  // namespace vpclab::kernel
