#pragma once

#include "base/result.h"
#include "kernel/session.h"
#include "state/routing.h"

namespace vpclab::kernel {

// The root queueing discipline of a link: tbf(8) where there is only a rate, else tc-netem(8) with the rate in it.
// Errors: kUnsupported naming netem or tbf where the kernel lacks it; kLimit for what they cannot express.
base::Result<> putQdisc(Session& session, const state::Qdisc& qdisc);
base::Result<> deleteQdisc(Session& session, const state::Qdisc& qdisc);

struct ObservedQdisc {
  int linkIndex = 0;
  state::Qdisc qdisc;  // without netns and link
};
base::Result<std::vector<ObservedQdisc>> readQdiscs(NetlinkSocket& socket, const std::string& netns,
                                                    base::Deadline deadline);

// Of a message from a dump or for a probe: whether the kernel takes a root qdisc of this kind on the link.
Message tbfRequest(std::string what, int linkIndex, std::uint64_t bytesPerSecond);
Message netemRequest(std::string what, int linkIndex, const state::Qdisc& qdisc);

}  // namespace vpclab::kernel
