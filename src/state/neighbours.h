#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "state/state.h"

namespace vpclab::state {

// As many neighbours as a lab may leave to ARP. The kernel begins to drop entries at 512 (gc_thresh2) and takes no more
// at 1,024 (gc_thresh3), for the whole host and all its labs.
inline constexpr std::size_t kMaxLearntNeighbours = 256;

// Who may be whose neighbour, with the key of the bridge or the cable on which they meet: for each link the addresses
// of all others on it, sorted. Follows from the addresses, cables and bridges alone, desired or observed alike.
// Only in the namespaces for which `wanted` says so, where it is given.
std::vector<std::pair<Neighbours, Key>> possibleNeighbours(
    const State& state, const std::function<bool(const std::string& netns)>& wanted = {});

// Those of them that are to be permanent: all, or none where the kernel's table has room for what it would learn.
std::vector<std::pair<Neighbours, Key>> permanentNeighbours(const State& state);

}  // namespace vpclab::state
