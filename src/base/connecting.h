#pragma once

#include <optional>

namespace vpclab::base {

// How a connection that connect(2) left in progress (EINPROGRESS) is getting on, after poll(2) or epoll(7) told of
// these events; their bits are the same. nullopt: it is still being made, wait on. 0: it is there. Otherwise the errno
// of why it failed.
//
// SO_ERROR alone does not say it. Where a router answers the SYN with an ICMP error, Linux first queues that error,
// which wakes who waits (POLLERR), and only then sets what SO_ERROR reads: on two processors it may still be 0, with
// the connection in SYN_SENT (seen with 6.1).
std::optional<int> connectOutcome(int fd, unsigned events);

// Whether connect(2), or socket(2) before it, has failed for want of something of our own (a port, a descriptor,
// memory): it says nothing of the other side then.
bool isOwnShortage(int error);

}  // namespace vpclab::base
