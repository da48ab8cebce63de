#include "kernel/gone.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include "base/text.h"
#include "kernel/threads.h"

namespace vpclab::kernel {

namespace {

constexpr const char* kSentinel = "vpclab-sentinel";
// The far end's name is taken where a watch that was killed has left its own, which the kernel takes away with the
// scratch namespace of that watch, but not at once.
constexpr unsigned kFarNames = 16;

std::string farName(unsigned attempt) {
  return "vpclab-far-" + std::to_string(attempt);
}

// The kernel needs tens of milliseconds; there is nothing to wait for but to look again.
constexpr std::chrono::microseconds kPause{500};

}  // namespace

base::Result<GoneWatch> GoneWatch::make() {
  if (auto scratch = makeNetns(); !scratch) {
    return base::fail(std::move(scratch.error()));
  }
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) {
    return base::fail(std::move(socket.error()));
  }
  return GoneWatch(std::move(*socket));
}

base::Result<> GoneWatch::watch(const Pin& pin, base::Deadline deadline) {
  auto fd = openPin(pin.path);
  if (!fd) {
    return base::fail(std::move(fd.error()));
  }
  Message message("watch " + pin.path, RTM_NEWNSID, 0, rtgenmsg{AF_UNSPEC});
  message.u32(NETNSA_NSID, static_cast<std::uint32_t>(nodes_.size()));
  message.u32(NETNSA_FD, static_cast<std::uint32_t>(fd->get()));
  auto watched = socket_.request(message, deadline);
  if (watched) {
    nodes_.push_back(pin.path);
  }
  return watched;
}

base::Result<> GoneWatch::putSentinel(const Pin& pin, base::Deadline deadline) {
  auto fd = openPin(pin.path);
  if (!fd) {
    return base::fail(std::move(fd.error()));
  }
  base::Result<> put;
  for (unsigned attempt = 0; attempt < kFarNames; ++attempt) {
    Message message("put a sentinel into " + pin.path, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
    message.text(IFLA_IFNAME, kSentinel).u32(IFLA_NUM_TX_QUEUES, 1).u32(IFLA_NUM_RX_QUEUES, 1);
    message.open(IFLA_LINKINFO).text(IFLA_INFO_KIND, "veth").open(IFLA_INFO_DATA).open(VETH_INFO_PEER);
    const ifinfomsg peer{};
    message.raw(&peer, sizeof peer).text(IFLA_IFNAME, farName(attempt));
    message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(fd->get()));
    message.u32(IFLA_NUM_TX_QUEUES, 1).u32(IFLA_NUM_RX_QUEUES, 1).close().close().close();
    put = socket_.request(message, deadline);
    if (put || put.error().errnoValue() != EEXIST) {
      break;
    }
  }
  return put;
}

base::Result<bool> GoneWatch::sentinelStands(base::Deadline deadline) {
  Message sentinel("look for the sentinel", RTM_GETLINK, 0, ifinfomsg{});
  sentinel.text(IFLA_IFNAME, kSentinel);
  auto got = socket_.get(
      sentinel, [](const nlmsghdr*) {}, deadline);
  if (!got && got.error().kind() != base::ErrorKind::kNotFound) {
    return base::fail(std::move(got.error()));
  }
  return got.has_value();
}

base::Result<std::vector<std::string>> GoneWatch::remaining(base::Deadline deadline) {
  std::vector<std::string> out;
  Message peers("list watched namespaces", RTM_GETNSID, 0, rtgenmsg{AF_UNSPEC});
  auto dumped = socket_.dump(
      peers,
      [&](const nlmsghdr* answer) {
        const std::uint32_t id = Attributes(answer, sizeof(rtgenmsg)).u32(NETNSA_NSID, 0xffffffffU);
        if (id < nodes_.size()) {
          out.push_back(nodes_[id]);
        }
      },
      deadline);
  if (!dumped) {
    return base::fail(std::move(dumped.error()));
  }
  return out;
}

base::Result<> GoneWatch::wait(base::Deadline deadline) {
  for (;;) {
    // A look of its own right: after the deadline there is still one.
    const auto patience = base::Deadline::after(base::Milliseconds(1000));
    // First what costs the same however many namespaces there are, and goes last most of the time.
    const auto stands = sentinelStands(patience);
    if (!stands) {
      return base::fail(stands.error());
    }
    if (!*stands || deadline.passed()) {
      auto left = remaining(patience);
      if (!left) {
        return base::fail(std::move(left.error()));
      }
      if (!*stands && left->empty()) {
        return {};
      }
      if (deadline.passed()) {
        left->resize(std::min<std::size_t>(left->size(), 5));
        return base::fail(base::ErrorKind::kTimeout, "unpinned, but still held by something outside the lab: " +
                                                         (left->empty() ? "their devices" : base::join(*left, ", ")));
      }
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace vpclab::kernel
