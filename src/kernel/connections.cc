#include "kernel/connections.h"

#include <vector>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/file.h"
#include "kernel/netlink_socket.h"

namespace vpclab::kernel {

namespace {

// Whether the namespace has any TCP socket, proc(5). Listing them looks through the table of the whole host.
bool hasTcp() {
  const auto text = base::readProcFile("/proc/thread-self/net/sockstat", 4096);
  return !text || text->find("TCP: inuse 0 ") == std::string::npos;
}

}  // namespace

base::Result<> abortConnections(base::Deadline deadline) {
  if (!hasTcp()) {
    return {};
  }
  auto socket = NetlinkSocket::open(NETLINK_SOCK_DIAG);
  if (!socket) {
    return base::fail(std::move(socket.error()));
  }
  inet_diag_req_v2 wanted{};
  wanted.sdiag_family = AF_INET;
  wanted.sdiag_protocol = IPPROTO_TCP;
  // A connection in TIME_WAIT holds no namespace.
  wanted.idiag_states = ~((1U << TCP_LISTEN) | (1U << TCP_TIME_WAIT));
  Message list("list TCP connections", SOCK_DIAG_BY_FAMILY, 0, wanted);
  std::vector<inet_diag_sockid> connections;
  auto listed = socket->dump(
      list,
      [&connections](const nlmsghdr* answer) {
        if (answer->nlmsg_len >= NLMSG_LENGTH(sizeof(inet_diag_msg))) {
          connections.push_back(static_cast<const inet_diag_msg*>(NLMSG_DATA(answer))->id);
        }
      },
      deadline);
  if (!listed) {
    return listed;
  }
  for (const auto& id : connections) {
    inet_diag_req_v2 request = wanted;
    request.idiag_states = ~0U;
    request.id = id;
    Message abort("abort a TCP connection", SOCK_DESTROY, 0, request);
    auto aborted = socket->request(abort, deadline);
    // It may have ended by itself meanwhile.
    if (!aborted && aborted.error().kind() != base::ErrorKind::kNotFound) {
      return aborted;
    }
  }
  return {};
}

}  // namespace vpclab::kernel
