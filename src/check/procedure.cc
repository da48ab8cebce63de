#include "check/procedure.h"

#include <algorithm>

#include "check/expect.h"

namespace vpclab::check {

std::size_t Round::icmpSocket(const std::string& node) {
  const auto known = std::find_if(sockets.begin(), sockets.end(), [&](const SocketWish& wish) {
    return wish.node == node && wish.kind == SocketKind::kIcmp;
  });
  if (known != sockets.end()) {
    return static_cast<std::size_t>(known - sockets.begin());
  }
  sockets.push_back({node, SocketKind::kIcmp});
  return sockets.size() - 1;
}

std::vector<std::size_t> Round::tcpSockets(const std::string& node, std::size_t count) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(socket(node, SocketKind::kTcp));
  }
  return out;
}

std::size_t Round::socket(const std::string& node, SocketKind kind) {
  sockets.push_back({node, kind});
  return sockets.size() - 1;
}

bool CheckSpec::exclusive() const {
  const auto* ping = std::get_if<PingSpec>(&what);
  return (ping != nullptr && ping->measures()) || std::holds_alternative<ThroughputSpec>(what) ||
         std::holds_alternative<LossSpec>(what);
}

namespace {

class Path : public Procedure {
 public:
  explicit Path(const PathSpec& spec) : spec_(spec) {}

  Round next(std::chrono::milliseconds left) override {
    Round round;
    PathJob path;
    path.socket = round.icmpSocket(spec_.from.node);
    path.target = spec_.to.address;
    // A few more than expected, to show where it goes instead.
    path.maxHops = static_cast<std::uint32_t>(std::min<std::size_t>(spec_.through.size() + 8, kMaxHops));
    path.timeout = std::clamp(left / 4, std::chrono::milliseconds(100), std::chrono::milliseconds(1000));
    round.jobs.emplace_back(path);
    return round;
  }

  Step judge(const std::vector<Reply>& replies, LabPort& /*lab*/, CheckResult& result) override {
    const auto& reply = std::get<PathReply>(replies.front());
    const Verdict verdict = judgePath(spec_, reply);
    result.hops = seenHops(spec_, reply);
    result.seen = verdict.seen;
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    result.roundTrip.reset();
    if (reply.reached && !reply.hops.empty()) {
      const double rtt = reply.hops.back().rttMs;
      result.roundTrip = RoundTrip{rtt, rtt, rtt, 1, 1};
    }
    return verdict.passed ? Step::kDone : Step::kAgain;
  }

 private:
  const PathSpec& spec_;
};

class BackendState : public Procedure {
 public:
  explicit BackendState(const BackendSpec& spec) : spec_(spec) {}

  Round next(std::chrono::milliseconds /*left*/) override { return {}; }

  Step judge(const std::vector<Reply>& /*replies*/, LabPort& lab, CheckResult& result) override {
    const auto backends = lab.backends(spec_.loadBalancer, spec_.listener);
    if (!backends) {
      result.seen = "cannot tell: " + backends.error().message();
      result.outcome = Outcome::kFailed;
      return Step::kAgain;
    }
    const Verdict verdict = judgeBackend(spec_, *backends);
    result.seen = verdict.seen;
    result.outcome = verdict.passed ? Outcome::kPassed : Outcome::kFailed;
    return verdict.passed ? Step::kDone : Step::kAgain;
  }

 private:
  const BackendSpec& spec_;
};

// Nothing is asked: whatever answered, it would not be the one that the check names.
class Misled : public Procedure {
 public:
  explicit Misled(const std::string& standIn) : standIn_(standIn) {}

  Round next(std::chrono::milliseconds /*left*/) override { return {}; }

  Step judge(const std::vector<Reply>& /*replies*/, LabPort& /*lab*/, CheckResult& result) override {
    result.seen = "cannot tell: " + standIn_;
    result.outcome = Outcome::kFailed;
    return Step::kDone;
  }

 private:
  const std::string& standIn_;
};

// The stand-in of a node that must be reached itself; empty: it has none.
const std::string& misledBy(const CheckSpec& check) {
  static const std::string kNobody;
  if (const auto* ping = std::get_if<PingSpec>(&check.what)) {
    return ping->reachable ? ping->to.standIn : kNobody;
  }
  if (const auto* path = std::get_if<PathSpec>(&check.what)) {
    return path->to.standIn;
  }
  if (const auto* stream = std::get_if<ThroughputSpec>(&check.what)) {
    return stream->to.standIn;
  }
  if (const auto* loss = std::get_if<LossSpec>(&check.what)) {
    return loss->to.standIn;
  }
  const auto* backend = std::get_if<BackendSpec>(&check.what);
  return backend == nullptr ? kNobody : backend->standIn;
}

}  // namespace

std::unique_ptr<Procedure> makePathProcedure(const PathSpec& spec) {
  return std::make_unique<Path>(spec);
}

std::unique_ptr<Procedure> makeBackendProcedure(const BackendSpec& spec) {
  return std::make_unique<BackendState>(spec);
}

std::unique_ptr<Procedure> makeProcedure(const CheckSpec& check) {
  if (const std::string& standIn = misledBy(check); !standIn.empty()) {
    return std::make_unique<Misled>(standIn);
  }
  if (const auto* ping = std::get_if<PingSpec>(&check.what)) {
    return makePingProcedure(*ping);
  }
  if (const auto* path = std::get_if<PathSpec>(&check.what)) {
    return makePathProcedure(*path);
  }
  if (const auto* backend = std::get_if<BackendSpec>(&check.what)) {
    return makeBackendProcedure(*backend);
  }
  if (const auto* stream = std::get_if<ThroughputSpec>(&check.what)) {
    return makeThroughputProcedure(*stream);
  }
  if (const auto* loss = std::get_if<LossSpec>(&check.what)) {
    return makeLossProcedure(*loss);
  }
  if (const auto* tunnel = std::get_if<TunnelSpec>(&check.what)) {
    return makeTunnelProcedure(*tunnel);
  }
  return makeHttpProcedure(std::get<HttpSpec>(check.what));
}

}  // namespace vpclab::check
