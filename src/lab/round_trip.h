#pragma once

#include <chrono>

#include "lab/lab.h"

namespace vpclab::lab {

// What the lab's lines may delay a packet and the answer to it by, at most, between any two of its nodes.
std::chrono::milliseconds delayOfRoundTrip(const Lab& lab);

// The chance, up to 1, that the lab's lines lose a packet or the answer to it, at most, between any two of its nodes.
double lossOfRoundTrip(const Lab& lab);

}  // namespace vpclab::lab
