#include "compile/lines.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "state/ingress_loss.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

// A way begins at one cable of a server, or leg of an EIP, and ends at another.
constexpr std::size_t kEnds = 2;
// From an SD-WAN into the next one, by a border router that is in both; more of them in a row is nobody's lab.
constexpr std::size_t kAccessPoints = 4;
// A VPC's router is entered and left, and so is a border router, and another VPC's: by the same cable, where both are
// in one vxnet.
constexpr std::size_t kRouters = 3;
constexpr unsigned kTimesOfRouters = 2;

constexpr std::uint32_t kAll = 1'000'000;  // of a million packets

// The worst of the lines, as many as a way may cross.
class Worst {
 public:
  explicit Worst(std::size_t crossed, unsigned times = 1) : crossed_(crossed), times_(times) {}
  void add(const lab::Impairment& line) {
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
      sum += delay * times_;
    }
    return sum;
  }
  std::uint64_t lowestRate() const { return lowestRate_; }
  // The chance that all of them let a packet pass.
  double passing() const {
    double out = 1;
    for (const std::uint32_t loss : largest(losses_)) {
      for (unsigned i = 0; i < times_; ++i) {
        out *= 1 - loss / 1e6;
      }
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
  unsigned times_;
  std::vector<std::uint64_t> delays_;
  std::vector<std::uint32_t> losses_;
  std::uint64_t lowestRate_ = 0;
};

std::uint64_t slower(std::uint64_t one, std::uint64_t other) {
  return one == 0 || other == 0 ? std::max(one, other) : std::min(one, other);
}

// A line as slow and as lossy as either.
void worsen(lab::Impairment& line, const lab::Impairment& other) {
  if (line.delay + line.jitter < other.delay + other.jitter) {
    line.delay = other.delay;
    line.jitter = other.jitter;
  }
  line.lossPerMillion = std::max(line.lossPerMillion, other.lossPerMillion);
  line.rate = slower(line.rate, other.rate);
}

using Ends = std::map<std::pair<std::string, std::string>, lab::Impairment>;  // by namespace and interface

// What is done to packets at ends of cables: to those that leave there, and to those that arrive.
Ends impairedEnds(const State& state) {
  Ends out;
  state.each<Qdisc>([&out](const Key&, const Qdisc& qdisc) {
    lab::Impairment line;
    line.rate = slower(qdisc.rateBitsPerSecond, qdisc.netemRateBitsPerSecond);
    line.delay = qdisc.delayMicroseconds;
    line.jitter = qdisc.jitterMicroseconds;
    line.lossPerMillion = qdisc.lossPerMillion;
    worsen(out[{qdisc.netns.str(), qdisc.link.str()}], line);
  });
  state.each<NftTable>([&out](const Key&, const NftTable& table) {
    for (const auto& [device, loss] : ingressLossesOf(table)) {
      lab::Impairment line;
      line.lossPerMillion = loss;
      worsen(out[{table.netns.str(), device}], line);
    }
  });
  return out;
}

// All kinds of lines that a way may cross.
class Ways {
 public:
  explicit Ways(const lab::Lab& lab) : lab_(lab) {
    for (const auto& [id, sdwan] : lab.sdwans) {
      for (const auto& point : sdwan.accessPoints) {
        pointIds_.insert(point.id);
      }
    }
  }

  void add(const Veth& cable, const lab::Impairment& line) {
    const auto leads = [&cable](const auto& isThere) {
      return isThere(cable.a.netns.str()) || isThere(cable.b.netns.str());
    };
    if (leads([](const std::string& node) { return node == "internet"; })) {
      eips_.add(line);
    } else if (leads([this](const std::string& node) { return pointIds_.count(node) != 0; })) {
      points_.add(line);
    } else if (leads([this](const std::string& node) {
                 return lab_.servers.count(node) != 0 || lab_.loadBalancers.count(node) != 0;
               })) {
      ends_.add(line);
    } else {
      routers_.add(line);
    }
  }

  std::chrono::milliseconds roundTrip() const {
    const std::uint64_t oneWay =
        ends_.microseconds() + eips_.microseconds() + points_.microseconds() + routers_.microseconds();
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(2 * oneWay));
  }
  double loss() const {
    const double oneWay = ends_.passing() * points_.passing() * routers_.passing();
    return 1 - oneWay * oneWay;
  }
  std::uint64_t sharedRate() const { return slower(points_.lowestRate(), routers_.lowestRate()); }

 private:
  const lab::Lab& lab_;
  std::set<std::string> pointIds_;
  Worst ends_{kEnds};
  Worst eips_{kEnds};
  Worst points_{kAccessPoints};
  Worst routers_{kRouters, kTimesOfRouters};
};

}  // namespace

Lines linesOf(const lab::Lab& lab, const State& state) {
  Lines out;
  Ways ways(lab);
  const Ends impaired = impairedEnds(state);
  if (impaired.empty()) {
    return out;  // as most labs are
  }
  state.each<Veth>([&](const Key&, const Veth& cable) {
    lab::Impairment line;
    for (const VethEnd* end : {&cable.a, &cable.b}) {
      if (const auto found = impaired.find({end->netns.str(), end->name.str()}); found != impaired.end()) {
        worsen(line, found->second);  // a hand may make one end other than the other
      }
    }
    if (!line.any()) {
      return;
    }
    ways.add(cable, line);
    for (const VethEnd* end : {&cable.a, &cable.b}) {
      if (line.rate != 0 && lab.servers.count(end->netns.str()) != 0) {
        out.rates[end->netns.str()] = line.rate;
      }
    }
  });
  out.roundTrip = ways.roundTrip();
  out.loss = ways.loss();
  out.sharedRate = ways.sharedRate();
  return out;
}

}  // namespace vpclab::compile
