#include "kernel/qdisc_requests.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace vpclab::kernel {

namespace {

constexpr std::uint32_t kHandle = 0x10000;       // "1:"
constexpr std::uint32_t kBelowHandle = 0x20000;  // "2:"
constexpr std::uint32_t kClass = 0x10001;        // "1:1", netem's only one
constexpr std::uint64_t kMillion = 1'000'000;

// Packets that netem holds: what is under way within the delay. Without a rate the traffic is not known, and the queue
// large.
constexpr std::uint32_t kUnderWay = 100'000;
// With one, tbf says in bytes what gets lost, and netem's limit only keeps a flood into a long delay from taking all of
// the host's memory. It is as large as it is because kernels without the fix f8d4bc455047 of Linux 6.13 (seen: Debian
// 11's 5.10.223) count into it for ever what tbf makes of packets larger than its burst, and a limit that is reached
// stops the line.
constexpr std::uint32_t kUnderWayToRate = 1'000'000;

tcmsg headerAt(int linkIndex, QdiscPlace place) {
  const bool root = place == QdiscPlace::kRoot;
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = linkIndex;
  header.tcm_handle = root ? kHandle : kBelowHandle;
  header.tcm_parent = root ? TC_H_ROOT : kClass;
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

Message tbfRequest(std::string what, int linkIndex, std::uint64_t bytesPerSecond, QdiscPlace place) {
  const std::uint32_t burst = burstFor(bytesPerSecond);
  tc_tbf_qopt options{};
  options.rate.rate = saturate(bytesPerSecond);
  options.rate.linklayer = TC_LINKLAYER_ETHERNET;
  // Besides the burst, what arrives within 50 ms may wait.
  options.limit = saturate(burst + bytesPerSecond / 20);
  Message message(std::move(what), RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, headerAt(linkIndex, place));
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
  options.limit = qdisc.rateBitsPerSecond == 0 ? kUnderWay : kUnderWayToRate;
  options.loss = toScaled(qdisc.lossPerMillion);
  Message message(std::move(what), RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, headerAt(linkIndex, QdiscPlace::kRoot));
  // netem's options are the structure with attributes behind it in one payload.
  message.text(TCA_KIND, "netem").open(TCA_OPTIONS).raw(&options, sizeof options);
  const std::uint64_t latency = std::uint64_t{qdisc.delayMicroseconds} * 1000;
  const std::uint64_t jitter = std::uint64_t{qdisc.jitterMicroseconds} * 1000;
  message.bytes(TCA_NETEM_LATENCY64, &latency, sizeof latency).bytes(TCA_NETEM_JITTER64, &jitter, sizeof jitter);
  // None of its own: one that is not told stays as it was.
  const tc_netem_rate none{};
  message.bytes(TCA_NETEM_RATE, &none, sizeof none);
  message.close();
  return message;
}

namespace {

base::Result<> putOne(Session& session, Message message, const std::string& kind) {
  auto put = session.route.request(message, session.deadline);
  if (!put && put.error().errnoValue() == ENOENT) {
    return base::fail(base::Error(base::ErrorKind::kUnsupported, message.what() + ": this kernel has no " + kind)
                          .withKernelText(put.error().kernelText()));
  }
  return put;
}

base::Result<> putAll(Session& session, int linkIndex, const state::Qdisc& qdisc) {
  const auto what = [&](const char* kind) {
    return std::string("put ") + kind + " on " + qdisc.link + " in " + session.netns;
  };
  if (qdisc.needsNetem()) {
    if (auto put = putOne(session, netemRequest(what("netem"), linkIndex, qdisc), "netem");
        !put || qdisc.rateBitsPerSecond == 0) {
      return put;
    }
  }
  const auto place = qdisc.needsNetem() ? QdiscPlace::kBelowNetem : QdiscPlace::kRoot;
  return putOne(session, tbfRequest(what("tbf"), linkIndex, qdisc.rateBitsPerSecond / 8, place), "tbf");
}

}  // namespace

base::Result<> putQdisc(Session& session, const state::Qdisc& qdisc, const state::Qdisc* before) {
  const std::string what = "put a qdisc on " + qdisc.link + " in " + session.netns;
  if (auto valid = check(qdisc, what); !valid) {
    return valid;
  }
  auto index = session.links.index(qdisc.link, session.deadline);
  if (!index) {
    return base::fail(std::move(index.error()).context(what));
  }
  const auto anew = [&]() -> base::Result<> {
    auto deleted = deleteQdisc(session, qdisc);
    return deleted ? putAll(session, *index, qdisc) : deleted;
  };
  // A tbf is not taken away from below a netem: kernels before 6.13 then count what waits in it as netem's own.
  if (before != nullptr && before->needsNetem() && before->rateBitsPerSecond != 0 && qdisc.rateBitsPerSecond == 0) {
    return anew();
  }
  auto put = putAll(session, *index, qdisc);
  // Another kind stands there under the same handle: a qdisc changes its parameters, not its kind.
  return !put && put.error().errnoValue() == EINVAL ? anew() : put;
}

base::Result<> deleteQdisc(Session& session, const state::Qdisc& qdisc) {
  auto index = session.links.index(qdisc.link, session.deadline);
  if (!index) {
    return index.error().kind() == base::ErrorKind::kNotFound ? base::Result<>() : base::fail(std::move(index.error()));
  }
  tcmsg header = headerAt(*index, QdiscPlace::kRoot);
  header.tcm_handle = 0;  // whatever stands there, and all below it
  Message message("delete the qdisc of " + qdisc.link + " in " + session.netns, RTM_DELQDISC, 0, header);
  auto deleted = session.route.request(message, session.deadline);
  if (!deleted && deleted.error().errnoValue() == ENOENT) {
    return {};
  }
  return deleted;
}

namespace {

// One qdisc as the kernel lists it.
struct Listed {
  int linkIndex = 0;
  std::uint32_t handle = 0;
  state::Qdisc does;
};

std::uint64_t tbfRate(const Attributes& attributes) {
  tc_tbf_qopt options{};
  const Attributes nest = attributes.nest(TCA_OPTIONS);
  nest.copy(TCA_TBF_PARMS, &options, sizeof options);
  return nest.u64(TCA_TBF_RATE64, options.rate.rate) * 8;
}

state::Qdisc netemParameters(const Attributes& attributes) {
  state::Qdisc out;
  tc_netem_qopt options{};
  attributes.copy(TCA_OPTIONS, &options, sizeof options);
  const Attributes nest = attributes.nest(TCA_OPTIONS).after(sizeof options);
  tc_netem_rate rate{};
  nest.copy(TCA_NETEM_RATE, &rate, sizeof rate);
  out.netemRateBitsPerSecond = nest.u64(TCA_NETEM_RATE64, rate.rate) * 8;
  out.delayMicroseconds = saturate(nest.u64(TCA_NETEM_LATENCY64) / 1000);
  out.jitterMicroseconds = saturate(nest.u64(TCA_NETEM_JITTER64) / 1000);
  out.lossPerMillion = fromScaled(options.loss);
  return out;
}

}  // namespace

base::Result<std::vector<ObservedQdisc>> readQdiscs(NetlinkSocket& socket, const std::string& netns,
                                                    base::Deadline deadline) {
  Message message("list qdiscs of " + netns, RTM_GETQDISC, 0, tcmsg{});
  std::vector<Listed> roots;
  std::map<std::pair<int, std::uint32_t>, std::uint64_t> below;  // link and major number of the parent -> tbf's rate
  auto dumped = socket.dump(
      message,
      [&](const nlmsghdr* answer) {
        if (answer->nlmsg_type != RTM_NEWQDISC || answer->nlmsg_len < NLMSG_LENGTH(sizeof(tcmsg))) {
          return;
        }
        const auto* header = static_cast<const tcmsg*>(NLMSG_DATA(answer));
        const Attributes attributes(answer, sizeof(tcmsg));
        const std::string kind = attributes.text(TCA_KIND);
        const bool root = header->tcm_parent == TC_H_ROOT;
        if (root && kind == "netem") {
          roots.push_back({header->tcm_ifindex, header->tcm_handle, netemParameters(attributes)});
        } else if (kind == "tbf" && root) {
          state::Qdisc does;
          does.rateBitsPerSecond = tbfRate(attributes);
          roots.push_back({header->tcm_ifindex, header->tcm_handle, std::move(does)});
        } else if (kind == "tbf") {
          below[{header->tcm_ifindex, TC_H_MAJ(header->tcm_parent)}] = tbfRate(attributes);
        }
      },
      deadline);
  if (!dumped) {
    return base::fail(std::move(dumped.error()));
  }
  std::vector<ObservedQdisc> out;
  for (Listed& root : roots) {
    if (const auto rate = below.find({root.linkIndex, TC_H_MAJ(root.handle)}); rate != below.end()) {
      root.does.rateBitsPerSecond = rate->second;
    }
    out.push_back({root.linkIndex, std::move(root.does)});
  }
  return out;
}

}  // namespace vpclab::kernel
