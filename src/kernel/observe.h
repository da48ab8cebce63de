#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kernel/execute.h"
#include "kernel/kind_times.h"
#include "kernel/links.h"
#include "plan/touched.h"
#include "state/state.h"

namespace vpclab::kernel {

// What KernelPort::observeAgain() is given.
struct Again {
  state::State before;
  plan::Touched touched;
};

// KernelPort::observe(), or observeAgain(). `times`: may be nullptr. `like`: what may well be seen again, whose objects
// are used where they are equal; may be nullptr. `wanted`: as of System::observe().
base::Result<state::State> observe(Environment& environment, const std::string& lab, base::Deadline deadline,
                                   KindTimes* times, std::optional<Again> again, const state::State* like,
                                   const std::function<bool()>& wanted = {});

// What one namespace holds. Links that have an end or a process elsewhere are put together by observe().
struct NodeView {
  base::SharedString node;
  std::vector<LinkInfo> links;
  std::unordered_map<int, std::size_t> places;  // in `links`, by index
  std::vector<state::Object> objects;
  std::vector<state::Neighbours> neighbours;  // of the links for which it was asked
  std::vector<state::Address> onOtherTuns;    // of which one may be wireguard-go's stand-in, which is ours
};

// Reads the namespace that the calling thread has entered, through a socket that was opened in it.
base::Result<NodeView> readNode(const std::string& node, NetlinkSocket& socket, base::Deadline deadline,
                                KindTimes* times);

// The name of the link with this index; empty: none.
std::string linkName(const NodeView& view, int index);
state::VethEnd vethEnd(const NodeView& view, const LinkInfo& link);
// What its link tells of a WireGuard device.
void completeWg(state::WgDevice& device, const NodeView& view, const LinkInfo& link);

}  // namespace vpclab::kernel
