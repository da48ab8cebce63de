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

constexpr std::uint32_t kAll = 1'000'000;  // of a million packets

// The worst of the lines, as many as a way may cross.
class Lines {
 public:
  explicit Lines(std::size_t crossed) : crossed_(crossed) {}
  void add(const Impairment& line) {
    if (line.delay != 0) {
      delays_.push_back(std::uint64_t{line.delay} + line.jitter);
    }
    if (line.lossPerMillion != 0 && line.lossPerMillion < kAll) {
      losses_.push_back(line.lossPerMillion);
    }
    if (line.rate != 0 && (lowestRate_ == 0 || line.rate < lowestRate_)) {
      lowestRate_ = line.rate;
    }
  }
  std::uint64_t microseconds() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t delay : largest(delays_)) {
      sum += delay;
    }
    return sum;
  }
  std::uint64_t lowestRate() const { return lowestRate_; }
  // The chance that all of them let a packet pass.
  double passing() const {
    double out = 1;
    for (const std::uint32_t loss : largest(losses_)) {
      out *= 1 - loss / 1e6;
    }
    return out;
  }

 private:
  template <typename T>
  std::vector<T> largest(std::vector<T> all) const {
    std::sort(all.begin(), all.end(), std::greater<>());
    all.resize(std::min(crossed_, all.size()));
    return all;
  }

  std::size_t crossed_;
  std::vector<std::uint64_t> delays_;
  std::vector<std::uint32_t> losses_;
  std::uint64_t lowestRate_ = 0;
};

// All kinds of lines that a way may cross.
struct Ways {
  explicit Ways(const Lab& lab) {
    for (const auto& [id, server] : lab.servers) {
      servers.add(server.line);
    }
    for (const auto& [id, eip] : lab.eips) {
      eips.add(eip.line);
    }
    for (const auto& [id, sdwan] : lab.sdwans) {
      for (const AccessPoint& point : sdwan.accessPoints) {
        accessPoints.add(point.line);
      }
    }
  }

  Lines servers{kEnds};
  Lines eips{kEnds};
  Lines accessPoints{kAccessPoints};
};

}  // namespace

std::chrono::milliseconds delayOfRoundTrip(const Lab& lab) {
  const Ways ways(lab);
  const std::uint64_t oneWay =
      ways.servers.microseconds() + ways.eips.microseconds() + ways.accessPoints.microseconds();
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(2 * oneWay));
}

double lossOfRoundTrip(const Lab& lab) {
  const Ways ways(lab);
  const double oneWay = ways.servers.passing() * ways.accessPoints.passing();
  return 1 - oneWay * oneWay;
}

std::uint64_t lowestSharedRate(const Lab& lab) {
  return Ways(lab).accessPoints.lowestRate();
}

}  // namespace vpclab::lab
