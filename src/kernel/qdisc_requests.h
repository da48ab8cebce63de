#pragma once

#include "base/result.h"
#include "kernel/session.h"
#include "state/routing.h"

namespace vpclab::kernel {

// What a link's packets wait in: tc-tbf(8) where there is a rate, tc-netem(8) for the rest; of both, netem is the root
// and tbf below it, so that packets are delayed first. A rate of netem's own would come with a queue that counts
// packets, in which small ones get lost long before the rate is reached. `before`: what was seen there.
// Errors: kUnsupported naming netem or tbf where the kernel lacks it; kLimit for what they cannot express.
base::Result<> putQdisc(Session& session, const state::Qdisc& qdisc, const state::Qdisc* before);
base::Result<> deleteQdisc(Session& session, const state::Qdisc& qdisc);

struct ObservedQdisc {
  int linkIndex = 0;
  state::Qdisc qdisc;  // without netns and link
};
base::Result<std::vector<ObservedQdisc>> readQdiscs(NetlinkSocket& socket, const std::string& netns,
                                                    base::Deadline deadline);

// Single requests, which the probe makes too. Of `qdisc` netem does all but the rate.
enum class QdiscPlace : std::uint8_t { kRoot, kBelowNetem };
Message tbfRequest(std::string what, int linkIndex, std::uint64_t bytesPerSecond, QdiscPlace place);
Message netemRequest(std::string what, int linkIndex, const state::Qdisc& qdisc);

}  // namespace vpclab::kernel
