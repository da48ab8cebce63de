#include "cli/relay.h"

#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/connecting.h"

namespace vpclab::cli {

Relay::Relay(base::UniqueFd near, base::UniqueFd far, base::Deadline connectDeadline)
    : near_(std::move(near)), far_(std::move(far)), connectDeadline_(connectDeadline) {}

unsigned Relay::nearEvents() const {
  if (!connected_) {
    return 0;
  }
  return (up_.wantsToRead() ? EPOLLIN : 0U) | (down_.wantsToWrite() ? EPOLLOUT : 0U);
}

unsigned Relay::farEvents() const {
  if (!connected_) {
    return EPOLLOUT;
  }
  return (down_.wantsToRead() ? EPOLLIN : 0U) | (up_.wantsToWrite() ? EPOLLOUT : 0U);
}

bool Relay::Direction::move(int from, int to) {
  for (;;) {
    if (wantsToRead()) {
      const ssize_t n = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n > 0) {
        begin = 0;
        end = static_cast<std::size_t>(n);
      } else if (n == 0) {
        sourceEnded = true;
      } else if (errno == EINTR) {
        continue;
      } else {
        return errno == EAGAIN || errno == EWOULDBLOCK;
      }
    }
    while (begin != end) {
      const ssize_t n = ::send(to, buffer.data() + begin, end - begin, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n >= 0) {
        begin += static_cast<std::size_t>(n);
      } else if (errno != EINTR) {
        return errno == EAGAIN || errno == EWOULDBLOCK;
      }
    }
    if (sourceEnded) {
      if (!endPassedOn) {
        endPassedOn = true;
        (void)::shutdown(to, SHUT_WR);
      }
      return true;
    }
  }
}

bool Relay::advance() {
  if (!connected_) {
    pollfd entry{far_.get(), POLLOUT, 0};
    if (::poll(&entry, 1, 0) <= 0) {
      return true;
    }
    const auto outcome = base::connectOutcome(far_.get(), static_cast<unsigned>(entry.revents));
    if (!outcome) {
      return true;
    }
    if (*outcome != 0) {
      problem_ = std::generic_category().message(*outcome);
      return false;
    }
    connected_ = true;
  }
  if (!up_.move(near_.get(), far_.get()) || !down_.move(far_.get(), near_.get())) {
    return false;
  }
  return !(up_.endPassedOn && down_.endPassedOn);
}

}  // namespace vpclab::cli
