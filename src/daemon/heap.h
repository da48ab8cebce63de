#pragma once

#include <cstddef>

namespace vpclab::daemon {

// The daemon's heap is jemalloc's, set up as a process needs it whose memory goes up with each verb and down behind it:
// jemalloc(3). Where a sanitizer brings a heap of its own, nothing of this does anything.

// Bytes that may lie idle between operations: the `apply` of a few thousand servers takes and frees again about as
// much, and what was given back it would have to fault in again page by page.
constexpr std::size_t kIdleHeap = std::size_t{16} << 20;
// The same within one, where much has been let go of and much will be taken, for its peak to stay low.
constexpr std::size_t kSpareHeap = std::size_t{4} << 20;

// Gives all that lies idle back to the kernel where it is more than `kept` bytes. May be called at any time, by any
// thread.
void giveBackHeap(std::size_t kept);

}  // namespace vpclab::daemon
