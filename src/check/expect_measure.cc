#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "check/expect.h"

namespace vpclab::check {

namespace {

std::string number(double value, const char* unit, int digits = 2) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f%s", digits, value, unit);
  return text.data();
}

std::string rateText(double bitsPerSecond) {
  return bitsPerSecond >= 1e9   ? number(bitsPerSecond / 1e9, " gbit/s")
         : bitsPerSecond >= 1e6 ? number(bitsPerSecond / 1e6, " mbit/s")
                                : number(bitsPerSecond / 1e3, " kbit/s");
}

double rateOf(const StreamReply& reply) {
  return reply.ms > 0 ? static_cast<double>(reply.bytes) * 8000.0 / reply.ms : 0;
}

// In a million.
double lossOf(std::uint32_t sent, std::uint32_t received) {
  return sent == 0 ? 0 : 1e6 * (sent - std::min(sent, received)) / sent;
}

std::string countText(const Counted& counted) {
  return std::to_string(counted.sent - std::min(counted.sent, counted.received)) + " of " +
         std::to_string(counted.sent) + " lost (" + number(lossOf(counted.sent, counted.received) / 1e4, "%") + ")";
}

}  // namespace

Verdict judgeMeasuredPing(const PingSpec& spec, const PingReply& reply) {
  Verdict out;
  const double loss = lossOf(reply.sent, reply.answered);
  std::vector<std::string> seen;
  out.passed = reply.sent >= spec.times;
  if (!out.passed) {
    seen.push_back("only " + std::to_string(reply.sent) + " pings sent");
  }
  if (spec.rtt) {
    out.passed = out.passed && reply.answered > 0 && spec.rtt->has(reply.rttAvgMs * 1000);
    seen.push_back(reply.answered > 0 ? "rtt " + number(reply.rttAvgMs, " ms")
                                      : "no answer" + (reply.detail.empty() ? std::string() : ": " + reply.detail));
  }
  if (spec.loss) {
    out.passed = out.passed && spec.loss->has(loss);
    seen.push_back(countText({reply.sent, reply.answered}));
  }
  out.seen = base::join(seen, ", ");
  return out;
}

Verdict judgeThroughput(const ThroughputSpec& spec, const std::optional<StreamReply>& there,
                        const std::optional<StreamReply>& back) {
  Verdict out;
  out.passed = there && back;
  std::vector<std::string> seen;
  for (const auto& [reply, name] : {std::pair(&there, " there"), std::pair(&back, " back")}) {
    if (!*reply) {
      continue;
    }
    out.passed = out.passed && (*reply)->detail.empty() && spec.rate.has(rateOf(**reply));
    seen.push_back((*reply)->detail.empty() ? rateText(rateOf(**reply)) + name : (*reply)->detail);
  }
  out.seen = base::join(seen, ", ");
  return out;
}

Verdict judgeLoss(const LossSpec& spec, const CountReply& reply) {
  Verdict out;
  const auto fits = [&](const Counted& counted) {
    return counted.sent >= spec.packets && spec.loss.has(lossOf(counted.sent, counted.received));
  };
  out.passed = reply.detail.empty() && fits(reply.there) && fits(reply.back);
  std::vector<std::string> seen;
  if (reply.there.sent > 0) {
    seen.push_back(countText(reply.there) + " there");
  }
  if (reply.back.sent > 0) {
    seen.push_back(countText(reply.back) + " back");
  }
  if (!reply.detail.empty()) {
    seen.push_back(reply.detail);
  }
  out.seen = base::join(seen, ", ");
  return out;
}

Verdict judgeTunnel(const TunnelSpec& spec, const std::vector<TunnelPeer>& peers) {
  Verdict out;
  out.passed = true;
  std::vector<std::string> seen;
  for (const auto& [id, title] : spec.peers) {
    const auto& wanted = id;
    const auto peer =
        std::find_if(peers.begin(), peers.end(), [&](const TunnelPeer& one) { return one.accessPoint == wanted; });
    const bool heard = peer != peers.end() && peer->handshakeAgeSeconds.has_value();
    out.passed =
        out.passed && heard && *peer->handshakeAgeSeconds * 1000 <= static_cast<double>(spec.handshake.count());
    seen.push_back(peer == peers.end() ? "no tunnel to " + title
                   : !heard            ? "no handshake with " + title
                            : "handshake with " + title + " " + number(*peer->handshakeAgeSeconds, " s ago", 0));
  }
  out.seen = base::join(seen, ", ");
  return out;
}

std::vector<Measure> measuredBy(const PingSpec& spec, const PingReply& reply) {
  std::vector<Measure> out;
  if (spec.rtt && reply.answered > 0) {
    out.push_back({"rtt", "", reply.rttAvgMs, "ms"});
  }
  if (spec.loss && reply.sent > 0) {
    out.push_back({"loss", "", lossOf(reply.sent, reply.answered) / 1e4, "%"});
  }
  return out;
}

std::vector<Measure> measuredBy(const std::optional<StreamReply>& there, const std::optional<StreamReply>& back) {
  std::vector<Measure> out;
  if (there && there->detail.empty()) {
    out.push_back({"throughput", "there", rateOf(*there), "bit/s"});
  }
  if (back && back->detail.empty()) {
    out.push_back({"throughput", "back", rateOf(*back), "bit/s"});
  }
  return out;
}

std::vector<Measure> measuredBy(const CountReply& reply) {
  std::vector<Measure> out;
  if (reply.there.sent > 0) {
    out.push_back({"loss", "there", lossOf(reply.there.sent, reply.there.received) / 1e4, "%"});
  }
  if (reply.back.sent > 0) {
    out.push_back({"loss", "back", lossOf(reply.back.sent, reply.back.received) / 1e4, "%"});
  }
  return out;
}

std::vector<Measure> measuredBy(const std::vector<TunnelPeer>& peers) {
  std::vector<Measure> out;
  for (const TunnelPeer& peer : peers) {
    if (peer.handshakeAgeSeconds) {
      out.push_back({"handshake", peer.accessPoint, *peer.handshakeAgeSeconds, "s"});
    }
  }
  return out;
}

}  // namespace vpclab::check
