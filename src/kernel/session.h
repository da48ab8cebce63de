#pragma once

#include <string>

#include "base/clock.h"
#include "kernel/links.h"
#include "kernel/netlink_socket.h"
#include "kernel/proc_sys.h"

namespace vpclab::kernel {

// What a thread needs to work inside one namespace of a lab, which it has entered.
struct Session {
  Session(std::string labName, std::string node, NetlinkSocket socket, ProcSys& parameters, base::Deadline until)
      : lab(std::move(labName)),
        netns(std::move(node)),
        route(std::move(socket)),
        links(route),
        procSys(parameters),
        deadline(until) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::string lab;
  std::string netns;
  NetlinkSocket route;
  LinkTable links;
  ProcSys& procSys;
  base::Deadline deadline;
};

}  // namespace vpclab::kernel
