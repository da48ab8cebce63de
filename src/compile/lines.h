#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "lab/lab.h"
#include "state/state.h"

namespace vpclab::compile {

// What a lab's cables do to packets by a State: the desired one, or what the kernel has, in which `link set` may have
// slowed down any of them.
struct Lines {
  // What they may delay a packet and the answer to it by, at most, between any two nodes.
  std::chrono::milliseconds roundTrip{0};
  // The chance, below 1, that they lose a packet or the answer to it, at most, between any two servers by their own
  // addresses, for which no EIP's leg is on the way. A line that lets nothing pass is left out: nobody's packet comes
  // through it, and it says nothing of the others.
  double loss = 0;
  // In bits per second: of the slowest line that packets of many servers may share. 0: unlimited.
  std::uint64_t sharedRate = 0;
  std::map<std::string, std::uint64_t> rates;  // the servers' own, of those that have one
};

Lines linesOf(const lab::Lab& lab, const state::State& state);

}  // namespace vpclab::compile
