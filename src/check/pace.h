#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// How much of a matrix may be in flight at once, so that what the lab's lines with rates cannot carry at once
// neither gets lost in their queues nor comes too late. Rates are in bits per second; 0: unlimited.
namespace vpclab::check {

struct Pace {
  std::size_t sweeps = 64;               // at once
  std::uint32_t window = 64;             // of each
  std::chrono::milliseconds waiting{0};  // what a request and its answer may wait in the lines' queues, at most

  bool operator==(const Pace&) const = default;
};

// `nodeRate`: of the slowest node's own line. Each sweep asks a node once at a time, so that the sweeps are what comes
// to one from others. `sharedRate`: of the slowest line that all may cross.
Pace paceFor(std::uint64_t nodeRate, std::uint64_t sharedRate);

// The window of the sweep of a node with such a line of its own.
std::uint32_t windowOf(const Pace& pace, std::uint64_t nodeRate);

}  // namespace vpclab::check
