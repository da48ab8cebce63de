#include "lab/round_trip.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace vpclab::lab {

namespace {

// A way begins at one cable of a server, or leg of an EIP, and ends at another.
constexpr std::size_t kEnds = 2;
// From an SD-WAN into the next one, by a border router that is in both; more of them in a row is nobody's lab.
constexpr std::size_t kAccessPoints = 4;

// The largest of the delays, as many as a way may cross.
class Lines {
 public:
  void add(const Impairment& line) {
    if (line.delay != 0) {
      delays_.push_back(std::uint64_t{line.delay} + line.jitter);
    }
  }
  std::uint64_t microseconds(std::size_t crossed) {
    std::sort(delays_.begin(), delays_.end(), std::greater<>());
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < std::min(crossed, delays_.size()); ++i) {
      sum += delays_[i];
    }
    return sum;
  }

 private:
  std::vector<std::uint64_t> delays_;
};

}  // namespace

std::chrono::milliseconds delayOfRoundTrip(const Lab& lab) {
  Lines servers;
  for (const auto& [id, server] : lab.servers) {
    servers.add(server.line);
  }
  Lines eips;
  for (const auto& [id, eip] : lab.eips) {
    eips.add(eip.line);
  }
  Lines accessPoints;
  for (const auto& [id, sdwan] : lab.sdwans) {
    for (const AccessPoint& point : sdwan.accessPoints) {
      accessPoints.add(point.line);
    }
  }
  const std::uint64_t oneWay =
      servers.microseconds(kEnds) + eips.microseconds(kEnds) + accessPoints.microseconds(kAccessPoints);
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(2 * oneWay));
}

}  // namespace vpclab::lab
