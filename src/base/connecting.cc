#include "base/connecting.h"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

namespace vpclab::base {

std::optional<int> connectOutcome(int fd, unsigned events) {
  if ((events & (POLLOUT | POLLERR | POLLHUP)) == 0) {
    return std::nullopt;
  }
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    return errno;
  }
  if (error != 0) {
    return error;
  }
  if ((events & POLLHUP) != 0) {
    return ECONNABORTED;  // over, and why has been read: what connect(2) says then
  }
  return (events & POLLOUT) != 0 ? std::optional(0) : std::nullopt;
}

bool isOwnShortage(int error) {
  switch (error) {
    case EADDRNOTAVAIL:  // every port is in use, or was until a minute ago (TIME_WAIT)
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return true;
    default:
      return false;
  }
}

}  // namespace vpclab::base
