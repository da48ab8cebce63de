#include "check/random.h"

#include <cerrno>
#include <cstdlib>

#include <sys/random.h>

namespace vpclab::check {

void fillRandom(void* out, std::size_t size) {
  auto* at = static_cast<unsigned char*>(out);
  while (size > 0) {
    const ssize_t n = ::getrandom(at, size, 0);
    if (n > 0) {
      at += n;
      size -= static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      std::abort();  // a kernel without getrandom, or a filter that forbids it: probes could be forged
    }
  }
}

}  // namespace vpclab::check
