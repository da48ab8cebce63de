#pragma once

#include <chrono>
#include <cstdint>

#include "lab/lab.h"

namespace vpclab::lab {

// What the lab's lines may delay a packet and the answer to it by, at most, between any two of its nodes.
std::chrono::milliseconds delayOfRoundTrip(const Lab& lab);

// The chance, below 1, that the lab's lines lose a packet or the answer to it, at most, between any two of its servers
// by their own addresses, for which no EIP's leg is on the way. A line that lets nothing pass is left out: nobody's
// packet comes through it, and it says nothing of the others.
double lossOfRoundTrip(const Lab& lab);

// The rate of the slowest line that packets of many servers may share, in bits per second: an access point's. 0: none
// has one.
std::uint64_t lowestSharedRate(const Lab& lab);

}  // namespace vpclab::lab
