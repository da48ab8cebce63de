#include "base/standard_streams.h"

#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace vpclab::base {

bool openStandardStreams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest number that is free: those below have been seen to.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) != fd) {
      return false;
    }
  }
  return true;
}

}  // namespace vpclab::base
