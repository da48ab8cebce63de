#pragma once

#include <cstddef>

namespace vpclab::check {

// Fills the buffer from the kernel's generator, getrandom(2).
void fillRandom(void* out, std::size_t size);

template <class T>
T randomNumber() {
  T out{};
  fillRandom(&out, sizeof(out));
  return out;
}

}  // namespace vpclab::check
