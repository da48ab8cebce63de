#pragma once

#include <utility>
#include <vector>

#include "state/state.h"

namespace vpclab::state {

// As many neighbours as a lab may leave to ARP. The kernel begins to drop entries at 512 (gc_thresh2) and takes no more
// at 1,024 (gc_thresh3), for the whole host and all its labs.
inline constexpr std::size_t kMaxLearntNeighbours = 256;

// A lab's permanent neighbours, with the key of the bridge or the cable on which they meet: for each link the addresses
// of all others on it. None where the kernel's table has room for what it would learn. Follows from the addresses,
// cables and bridges alone, desired or observed alike.
std::vector<std::pair<Neighbours, Key>> neighboursIn(const State& state);

}  // namespace vpclab::state
