#pragma once

#include <cstdlib>

namespace vpclab::fuzz {

// What must hold for any input; a fuzzer notices an abort.
inline void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace vpclab::fuzz
