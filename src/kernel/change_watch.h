#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/netlink_socket.h"

namespace vpclab::kernel {

// Hears of what anybody changes in the namespaces of labs: links, addresses, routes, rules, queueing disciplines, nft
// tables, and pins that are deleted. What the kernel tells nobody (parameters under /proc/sys, but forwarding and the
// like; a tunnel's peers), it does not hear of.
//
// It needs no descriptor per namespace: its sockets are in a namespace of their own, in which each of the others gets a
// number (RTM_NEWNSID), and hear all that have one (NETLINK_LISTEN_ALL_NSID, Linux 4.2).
class ChangeWatch {
 public:
  static base::Result<ChangeWatch> open(const std::string& netnsDir);

  // From now on, what changes in the namespaces that the lab has at this moment. Idempotent.
  base::Result<> follow(const std::string& lab);
  void forget(const std::string& lab);

  // To be polled for reading.
  std::vector<int> fds() const { return {routing_.get(), tables_.get(), pins_.get()}; }
  // The labs in which something has changed since the last call; all of them where the kernel lost count. Never waits.
  std::set<std::string> changed();

 private:
  ChangeWatch(std::string netnsDir, NetlinkSocket control, base::UniqueFd routing, base::UniqueFd tables,
              base::UniqueFd pins)
      : netnsDir_(std::move(netnsDir)),
        control_(std::move(control)),
        routing_(std::move(routing)),
        tables_(std::move(tables)),
        pins_(std::move(pins)) {}
  void drainNetlink(int fd, std::set<std::string>& out);
  void drainPins(std::set<std::string>& out);
  void addAll(std::set<std::string>& out) const;

  struct Followed {
    std::string lab;
    ino_t inode = 0;
  };

  std::string netnsDir_;
  NetlinkSocket control_;
  base::UniqueFd routing_;  // NETLINK_ROUTE
  base::UniqueFd tables_;   // NETLINK_NETFILTER
  base::UniqueFd pins_;     // inotify(7)
  std::map<std::int32_t, Followed> numbers_;
  std::set<std::string> labs_;
  std::int32_t next_ = 1;
};

}  // namespace vpclab::kernel
