#include "kernel/qdisc_requests.h"

#include <algorithm>
#include <cerrno>

#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace vpclab::kernel {

namespace {

constexpr std::uint32_t kHandle = 0x10000;  // "1:"
constexpr std::uint64_t kMillion = 1'000'000;

tcmsg rootHeader(int linkIndex) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = linkIndex;
  header.tcm_handle = kHandle;
  header.tcm_parent = TC_H_ROOT;
  return header;
}

// Bytes that may go at once: 10 ms worth, and never less than one large packet of a virtual link.
std::uint32_t burstFor(std::uint64_t bytesPerSecond) {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(bytesPerSecond / 100, 16U << 10U, 16U << 20U));
}

// netem counts probabilities in 2^32ths. Both ways round to the nearest, so that what was written is read back.
std::uint32_t toScaled(std::uint32_t perMillion) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(((std::uint64_t{perMillion} << 32U) + kMillion / 2) / kMillion, 0xffffffffU));
}
std::uint32_t fromScaled(std::uint32_t scaled) {
  return static_cast<std::uint32_t>((scaled * kMillion + (std::uint64_t{1} << 31U)) >> 32U);
}

std::uint32_t saturate(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, 0xffffffffU));
}

// Packets that netem holds: all that are under way within the delay, and where there is a rate what arrives within
// 50 ms beyond, as with tbf; without a rate the traffic is not known, and the queue large.
std::uint32_t limitFor(const state::Qdisc& qdisc) {
  constexpr std::uint64_t kPacketBits = 1514 * 8;
  if (qdisc.rateBitsPerSecond == 0) {
    return 100'000;
  }
  const std::uint64_t microseconds = std::uint64_t{qdisc.delayMicroseconds} + qdisc.jitterMicroseconds + 50'000;
  const std::uint64_t perSecond = qdisc.rateBitsPerSecond / kPacketBits + 1;
  return saturate(std::clamp<std::uint64_t>(perSecond * microseconds / kMillion, 20, 1'000'000));
}

base::Result<> check(const state::Qdisc& qdisc, const std::string& what) {
  if (qdisc.rateBitsPerSecond % 8 != 0 || qdisc.rateBitsPerSecond / 8 > (std::uint64_t{1} << 40U)) {
    return base::fail(base::ErrorKind::kLimit, what + ": a rate is a multiple of 8 bit/s, at most 8 Tbit/s");
  }
  if (qdisc.rateBitsPerSecond == 0 && !qdisc.needsNetem()) {
    return base::fail(base::ErrorKind::kInvalid, what + ": it asks for nothing");
  }
  return {};
}

}  // namespace

Message tbfRequest(std::string what, int linkIndex, std::uint64_t bytesPerSecond) {
  const std::uint32_t burst = burstFor(bytesPerSecond);
  tc_tbf_qopt options{};
  options.rate.rate = saturate(bytesPerSecond);
  options.rate.linklayer = TC_LINKLAYER_ETHERNET;
  // Besides the burst, what arrives within 50 ms may wait.
  options.limit = saturate(burst + bytesPerSecond / 20);
  Message message(std::move(what), RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, rootHeader(linkIndex));
  message.text(TCA_KIND, "tbf").open(TCA_OPTIONS).bytes(TCA_TBF_PARMS, &options, sizeof options);
  message.u32(TCA_TBF_BURST, burst);
  if (bytesPerSecond > 0xffffffffU) {
    message.u64(TCA_TBF_RATE64, bytesPerSecond);
  }
  message.close();
  return message;
}

Message netemRequest(std::string what, int linkIndex, const state::Qdisc& qdisc) {
  tc_netem_qopt options{};
  options.limit = limitFor(qdisc);
  options.loss = toScaled(qdisc.lossPerMillion);
  Message message(std::move(what), RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, rootHeader(linkIndex));
  // netem's options are the structure with attributes behind it in one payload.
  message.text(TCA_KIND, "netem").open(TCA_OPTIONS).raw(&options, sizeof options);
  const std::uint64_t latency = std::uint64_t{qdisc.delayMicroseconds} * 1000;
  const std::uint64_t jitter = std::uint64_t{qdisc.jitterMicroseconds} * 1000;
  message.bytes(TCA_NETEM_LATENCY64, &latency, sizeof latency).bytes(TCA_NETEM_JITTER64, &jitter, sizeof jitter);
  // Always: a rate that is not told stays as it was.
  const std::uint64_t bytesPerSecond = qdisc.rateBitsPerSecond / 8;
  tc_netem_rate rate{};
  rate.rate = saturate(bytesPerSecond);
  message.bytes(TCA_NETEM_RATE, &rate, sizeof rate);
  if (bytesPerSecond > 0xffffffffU) {
    message.u64(TCA_NETEM_RATE64, bytesPerSecond);
  }
  message.close();
  return message;
}

base::Result<> putQdisc(Session& session, const state::Qdisc& qdisc) {
  const std::string kind = qdisc.needsNetem() ? "netem" : "tbf";
  const std::string what = "put " + kind + " on " + qdisc.link + " in " + session.netns;
  if (auto valid = check(qdisc, what); !valid) {
    return valid;
  }
  auto index = session.links.index(qdisc.link, session.deadline);
  if (!index) {
    return base::fail(std::move(index.error()).context(what));
  }
  const auto build = [&] {
    return qdisc.needsNetem() ? netemRequest(what, *index, qdisc)
                              : tbfRequest(what, *index, qdisc.rateBitsPerSecond / 8);
  };
  Message message = build();
  auto put = session.route.request(message, session.deadline);
  if (!put && put.error().errnoValue() == EINVAL) {
    // Another kind stands there under the same handle: a qdisc changes its parameters, not its kind.
    if (auto deleted = deleteQdisc(session, qdisc); !deleted) {
      return deleted;
    }
    Message again = build();
    put = session.route.request(again, session.deadline);
  }
  if (!put && put.error().errnoValue() == ENOENT) {
    return base::fail(base::Error(base::ErrorKind::kUnsupported, what + ": this kernel has no " + kind)
                          .withKernelText(put.error().kernelText()));
  }
  return put;
}

base::Result<> deleteQdisc(Session& session, const state::Qdisc& qdisc) {
  auto index = session.links.index(qdisc.link, session.deadline);
  if (!index) {
    return index.error().kind() == base::ErrorKind::kNotFound ? base::Result<>() : base::fail(std::move(index.error()));
  }
  tcmsg header = rootHeader(*index);
  header.tcm_handle = 0;  // whatever stands there
  Message message("delete the qdisc of " + qdisc.link + " in " + session.netns, RTM_DELQDISC, 0, header);
  auto deleted = session.route.request(message, session.deadline);
  if (!deleted && deleted.error().errnoValue() == ENOENT) {
    return {};
  }
  return deleted;
}

base::Result<std::vector<ObservedQdisc>> readQdiscs(NetlinkSocket& socket, const std::string& netns,
                                                    base::Deadline deadline) {
  Message message("list qdiscs of " + netns, RTM_GETQDISC, 0, tcmsg{});
  std::vector<ObservedQdisc> out;
  auto dumped = socket.dump(
      message,
      [&out](const nlmsghdr* answer) {
        if (answer->nlmsg_type != RTM_NEWQDISC || answer->nlmsg_len < NLMSG_LENGTH(sizeof(tcmsg))) {
          return;
        }
        const auto* header = static_cast<const tcmsg*>(NLMSG_DATA(answer));
        const Attributes attributes(answer, sizeof(tcmsg));
        const std::string kind = attributes.text(TCA_KIND);
        if (header->tcm_parent != TC_H_ROOT || (kind != "tbf" && kind != "netem")) {
          return;
        }
        ObservedQdisc found{header->tcm_ifindex, {}};
        std::uint64_t bytesPerSecond = 0;
        if (kind == "tbf") {
          tc_tbf_qopt options{};
          const Attributes nest = attributes.nest(TCA_OPTIONS);
          nest.copy(TCA_TBF_PARMS, &options, sizeof options);
          bytesPerSecond = nest.u64(TCA_TBF_RATE64, options.rate.rate);
        } else {
          tc_netem_qopt options{};
          attributes.copy(TCA_OPTIONS, &options, sizeof options);
          const Attributes nest = attributes.nest(TCA_OPTIONS).after(sizeof options);
          tc_netem_rate rate{};
          nest.copy(TCA_NETEM_RATE, &rate, sizeof rate);
          bytesPerSecond = nest.u64(TCA_NETEM_RATE64, rate.rate);
          found.qdisc.delayMicroseconds = saturate(nest.u64(TCA_NETEM_LATENCY64) / 1000);
          found.qdisc.jitterMicroseconds = saturate(nest.u64(TCA_NETEM_JITTER64) / 1000);
          found.qdisc.lossPerMillion = fromScaled(options.loss);
        }
        found.qdisc.rateBitsPerSecond = bytesPerSecond * 8;
        out.push_back(std::move(found));
      },
      deadline);
  if (!dumped) {
    return base::fail(std::move(dumped.error()));
  }
  return out;
}

}  // namespace vpclab::kernel
