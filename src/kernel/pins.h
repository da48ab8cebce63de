#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/netlink_socket.h"

namespace vpclab::kernel {

// Of every pin's file name, whichever daemon's.
inline constexpr std::string_view kPinPrefix = "vpclab.";

struct Pin {
  std::string lab;
  std::string node;
  std::string path;
};

// The labs' namespaces as files: `<netnsDir>/vpclab.<lab>.<node>`, each a bind mount of a namespace, ip-netns(8). A
// pin without its mount (a reboot, a kill between two system calls) is dead and counts as nothing.
class Pins {
 public:
  Pins(std::string runDir, std::string netnsDir) : runDir_(std::move(runDir)), netnsDir_(std::move(netnsDir)) {}

  std::string path(const std::string& lab, const std::string& node) const;
  // Living and dead ones of one lab, or of all labs if `lab` is empty; anybody's. Sorted.
  base::Result<std::vector<Pin>> list(const std::string& lab) const;

  // What the loopback's alias of a namespace of ours says.
  std::string mark() const;
  // Succeeds if the namespace in which `socket` was opened is ours. Errors: kForeign, with its owner.
  base::Result<> checkOwner(NetlinkSocket& socket, const std::string& path, base::Deadline deadline) const;
  // The same of a loopback's alias that was read already.
  base::Result<> checkMark(const std::string& alias, const std::string& path) const;

  // Pins the calling thread's network namespace, which carries our mark already. Removes a dead pin in the way.
  // Errors: kExists, kForeign where a living one is in the way.
  base::Result<> pin(const std::string& path, base::Deadline deadline) const;
  // Removes a pin, dead or alive; the namespace goes when nothing else refers to it. Idempotent.
  static base::Result<> unpin(const std::string& path);

  // See pin_directory.h. What is returned has to live until the pins are made.
  base::Result<base::UniqueFd> makeDirectory() const;
  void removeDirectory() const;

 private:
  base::Result<> checkName(const std::string& owner, const std::string& path) const;

  std::string runDir_;
  std::string netnsDir_;
};

// Errors: kInvalid for names that could lead out of the directory or into another lab, kLimit for those too long.
base::Result<> checkLabName(const std::string& lab);
base::Result<> checkNodeName(const std::string& node);

// Which daemon made the namespace: its run directory; empty: not made by vpclab.
base::Result<std::string> readOwner(NetlinkSocket& socket, base::Deadline deadline);

}  // namespace vpclab::kernel
