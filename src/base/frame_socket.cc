#include "base/frame_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

namespace vpclab::base {

namespace {

constexpr std::size_t kFdsPerMessage = 200;

struct Header {
  std::uint32_t bodyBytes;  // network order
  std::uint32_t fdCount;    // network order
};

Result<> waitFor(int socket, short events, Deadline deadline, const char* what) {
  for (;;) {
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, deadline.pollTimeout());
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return fail(ErrorKind::kTimeout, what);
    }
    if (errno != EINTR) {
      return failErrno(what);
    }
  }
}

union ControlBuffer {
  cmsghdr align;
  std::array<char, CMSG_SPACE(kFdsPerMessage * sizeof(int))> bytes;
};

Result<> sendAll(int socket, const char* data, std::size_t size, Deadline deadline) {
  while (size > 0) {
    const ssize_t n = ::send(socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      data += n;
      size -= static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (auto ready = waitFor(socket, POLLOUT, deadline, "send a frame"); !ready) {
        return ready;
      }
    } else if (errno != EINTR) {
      return failErrno("send a frame");
    }
  }
  return {};
}

Result<> sendFds(int socket, std::span<const int> fds, Deadline deadline) {
  ControlBuffer control{};
  char mark = 'F';
  iovec part{&mark, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
      return {};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (auto ready = waitFor(socket, POLLOUT, deadline, "send descriptors"); !ready) {
        return ready;
      }
    } else if (errno != EINTR) {
      return failErrno("send descriptors");
    }
  }
}

// Reads exactly `size` bytes; collects descriptors that come along.
Result<> receiveAll(int socket, char* data, std::size_t size, std::vector<UniqueFd>* fds, Deadline deadline,
                    bool first) {
  std::size_t got = 0;
  while (got < size) {
    ControlBuffer control{};
    iovec part{data + got, size - got};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const ssize_t n = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (auto ready = waitFor(socket, POLLIN, deadline, "receive a frame"); !ready) {
          return ready;
        }
      } else if (errno != EINTR) {
        return failErrno("receive a frame");
      }
      continue;
    }
    std::size_t received = 0;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
        continue;
      }
      const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
        UniqueFd owned(fd);
        if (fds != nullptr) {
          fds->push_back(std::move(owned));
        }
        ++received;
      }
    }
    if ((message.msg_flags & MSG_CTRUNC) != 0 || (received != 0 && fds == nullptr)) {
      return fail(ErrorKind::kProtocol, "receive a frame: descriptors where none belong, or too many");
    }
    if (n == 0) {
      return first && got == 0 ? fail(ErrorKind::kNotFound, "receive a frame: the peer has closed")
                               : fail(ErrorKind::kProtocol, "receive a frame: cut short");
    }
    got += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace

Result<> sendFrame(int socket, std::string_view body, std::span<const int> fds, Deadline deadline) {
  if (body.size() > kMaxFrameBytes || fds.size() > kMaxFrameFds) {
    return fail(ErrorKind::kLimit, "send a frame: " + std::to_string(body.size()) + " bytes and " +
                                       std::to_string(fds.size()) + " descriptors are too many");
  }
  const Header header{htonl(static_cast<std::uint32_t>(body.size())), htonl(static_cast<std::uint32_t>(fds.size()))};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes += body;
  if (auto sent = sendAll(socket, bytes.data(), bytes.size(), deadline); !sent) {
    return sent;
  }
  while (!fds.empty()) {
    const auto part = fds.first(std::min(fds.size(), kFdsPerMessage));
    if (auto sent = sendFds(socket, part, deadline); !sent) {
      return sent;
    }
    fds = fds.subspan(part.size());
  }
  return {};
}

Result<Frame> receiveFrame(int socket, std::size_t maxBytes, std::size_t maxFds, Deadline deadline) {
  Header header{};
  if (auto got = receiveAll(socket, reinterpret_cast<char*>(&header), sizeof(header), nullptr, deadline, true); !got) {
    return fail(std::move(got.error()));
  }
  const std::size_t bodyBytes = ntohl(header.bodyBytes);
  const std::size_t fdCount = ntohl(header.fdCount);
  if (bodyBytes > maxBytes || fdCount > maxFds) {
    return fail(ErrorKind::kLimit, "receive a frame: " + std::to_string(bodyBytes) + " bytes and " +
                                       std::to_string(fdCount) + " descriptors are too many");
  }
  Frame frame;
  // Grown as it arrives: a header that lies about a huge body costs the sender the bytes, not us the memory.
  while (frame.body.size() < bodyBytes) {
    const std::size_t at = frame.body.size();
    frame.body.resize(at + std::min<std::size_t>(bodyBytes - at, 1U << 20U));
    if (auto got = receiveAll(socket, frame.body.data() + at, frame.body.size() - at, nullptr, deadline, false); !got) {
      return fail(std::move(got.error()));
    }
  }
  while (frame.fds.size() < fdCount) {
    char mark = 0;
    const std::size_t before = frame.fds.size();
    if (auto got = receiveAll(socket, &mark, 1, &frame.fds, deadline, false); !got) {
      return fail(std::move(got.error()));
    }
    if (frame.fds.size() == before || frame.fds.size() > fdCount) {
      return fail(ErrorKind::kProtocol, "receive a frame: the descriptors do not match its header");
    }
  }
  return frame;
}

}  // namespace vpclab::base
