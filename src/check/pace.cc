#include "check/pace.h"

#include <algorithm>

namespace vpclab::check {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kPingBytes = 160;  // an echo request in a tunnel's packet, and some more
constexpr std::uint64_t kBurstBytes = 16U << 10U;
constexpr std::uint64_t kQueuesPerSecond = 20;  // beyond the burst a line's queue holds what passes in 50 ms
constexpr std::uint64_t kLongestWait = 2;       // half a second: parts of one
constexpr std::uint64_t kMost = 1U << 20U;

// How many pings a line lets be in flight: they fit its queue, which empties within half a second.
std::uint64_t capacityOf(std::uint64_t rate) {
  if (rate == 0) {
    return kMost;
  }
  const std::uint64_t perSecond = rate / 8;
  const std::uint64_t bytes = std::min(kBurstBytes + perSecond / kQueuesPerSecond, perSecond / kLongestWait);
  return std::clamp<std::uint64_t>(bytes / kPingBytes, 1, kMost);
}

milliseconds waitFor(std::uint64_t pings, std::uint64_t rate) {
  return rate == 0 ? milliseconds(0) : milliseconds(pings * kPingBytes * 8 * 1000 / rate);
}

// A node's own line carries what it asks and what it is asked.
std::uint64_t shareOf(std::uint64_t nodeRate) {
  return std::max<std::uint64_t>(capacityOf(nodeRate) / 2, 1);
}

}  // namespace

Pace paceFor(std::uint64_t nodeRate, std::uint64_t sharedRate) {
  Pace out;
  const std::uint64_t shared = capacityOf(sharedRate);
  out.sweeps = std::min({std::uint64_t{out.sweeps}, shareOf(nodeRate), shared});
  out.window = static_cast<std::uint32_t>(std::min(std::uint64_t{out.window}, shared / out.sweeps));
  const std::uint64_t atNode = out.sweeps + windowOf(out, nodeRate);
  const std::uint64_t inAll = out.sweeps * out.window;
  // There and back, through the lines of both nodes and those of two access points.
  out.waiting = 4 * (waitFor(std::min(atNode, inAll), nodeRate) + waitFor(inAll, sharedRate));
  return out;
}

std::uint32_t windowOf(const Pace& pace, std::uint64_t nodeRate) {
  return static_cast<std::uint32_t>(std::min(std::uint64_t{pace.window}, shareOf(nodeRate)));
}

}  // namespace vpclab::check
