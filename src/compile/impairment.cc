#include "compile/impairment.h"

namespace vpclab::compile {

namespace {

constexpr const char* kNetem = "netem (the kernel module sch_netem)";
constexpr const char* kNetemRemedy =
    "boot the distribution's kernel: apt install linux-image-amd64 (Ubuntu: linux-modules-extra-$(uname -r)); `rate` "
    "and `loss` work without it";

}  // namespace

std::vector<Unable> unableTo(const lab::Impairment& line, const state::Capabilities& capabilities) {
  std::vector<Unable> out;
  if (line.delay != 0 && !capabilities.netem) {
    out.push_back({line.delayPos, "delay", kNetem, kNetemRemedy});
  }
  if (line.jitter != 0 && !capabilities.netem) {
    out.push_back({line.jitterPos, "jitter", kNetem, kNetemRemedy});
  }
  if (line.lossPerMillion != 0 && !capabilities.loss()) {
    out.push_back({line.lossPos, "loss", std::string(kNetem) + " or nftables' netdev family",
                   "load one of the kernel modules sch_netem and nf_tables, or leave the loss out"});
  }
  if (line.rate != 0 && !capabilities.tbf) {
    out.push_back({line.ratePos, "bandwidth", "tbf (the kernel module sch_tbf)",
                   "load the kernel module sch_tbf, or leave the bandwidth out"});
  }
  return out;
}

std::optional<state::Qdisc> qdiscFor(const std::string& netns, const std::string& link, const lab::Impairment& line,
                                     const state::Capabilities& capabilities) {
  state::Qdisc out{netns, link};
  out.rateBitsPerSecond = line.rate / 8 * 8;  // the kernel counts bytes
  if (capabilities.netem) {
    out.delayMicroseconds = line.delay;
    out.jitterMicroseconds = line.jitter;
    out.lossPerMillion = line.lossPerMillion;
  }
  return out.rateBitsPerSecond == 0 && !out.needsNetem() ? std::nullopt : std::optional(out);
}

std::uint32_t ingressLossFor(const lab::Impairment& line, const state::Capabilities& capabilities) {
  return capabilities.netem ? 0 : line.lossPerMillion;
}

}  // namespace vpclab::compile
