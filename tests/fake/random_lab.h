#pragma once

#include <random>

#include "lab/lab.h"

namespace vpclab::tests {

// A valid lab of every cloud noun, different for each seed. Labs of different seeds share many ids, so that going from
// one to the other creates, changes, replaces and deletes.
lab::Lab randomLab(std::mt19937& random);

// The same lab with every list whose order means nothing in another order.
lab::Lab shuffled(lab::Lab lab, std::mt19937& random);

}  // namespace vpclab::tests
