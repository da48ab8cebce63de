#include "keeper/frame_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <sys/socket.h>

namespace vpclab::keeper {

namespace {

constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kFdsPerMessage = 200;
constexpr std::size_t kReadBytes = 64U << 10U;
constexpr int kReadsPerTurn = 16;  // one peer must not keep the loop to itself

std::uint32_t word(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return ntohl(value);
}

void appendWord(std::string* bytes, std::size_t value) {
  const std::uint32_t network = htonl(static_cast<std::uint32_t>(value));
  bytes->append(reinterpret_cast<const char*>(&network), sizeof(network));
}

}  // namespace

base::Result<> FrameStream::receive() {
  std::array<char, kReadBytes> buffer;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    // Without room for control data the kernel discards descriptors that come along; unix(7).
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0) {
      return base::fail(base::ErrorKind::kNotFound, "the peer has closed");
    }
    if (n < 0) {
      if (errno == EAGAIN || errno == EINTR) {
        return {};
      }
      return base::failErrno("receive");
    }
    in_.append(buffer.data(), static_cast<std::size_t>(n));
    if (in_.size() >= kHeaderBytes && (word(in_, 0) > maxFrameBytes_ || word(in_, 4) != 0)) {
      return base::fail(base::ErrorKind::kLimit, "a frame is too large, or has descriptors");
    }
    if (in_.size() > maxFrameBytes_ + kHeaderBytes + kReadBytes) {
      return {};  // enough until take() is called
    }
  }
  return {};
}

std::optional<std::string> FrameStream::take() {
  if (in_.size() < kHeaderBytes || in_.size() - kHeaderBytes < word(in_, 0)) {
    return std::nullopt;
  }
  const std::size_t size = word(in_, 0);
  std::string body = in_.substr(kHeaderBytes, size);
  in_.erase(0, kHeaderBytes + size);
  if (in_.empty()) {
    in_.shrink_to_fit();
  }
  return body;
}

void FrameStream::queue(const std::string& body, const std::vector<SharedFd>& fds) {
  Part head;
  head.bytes.reserve(kHeaderBytes + body.size());
  appendWord(&head.bytes, body.size());
  appendWord(&head.bytes, fds.size());
  head.bytes += body;
  queuedBytes_ += head.bytes.size();
  out_.push_back(std::move(head));
  for (std::size_t at = 0; at < fds.size(); at += kFdsPerMessage) {
    Part part;
    const std::size_t end = std::min(fds.size(), at + kFdsPerMessage);
    part.fds.assign(fds.begin() + static_cast<std::ptrdiff_t>(at), fds.begin() + static_cast<std::ptrdiff_t>(end));
    out_.push_back(std::move(part));
  }
}

// True: sent whole; false: the socket takes no more for now.
base::Result<bool> FrameStream::sendBytes(const std::string& bytes) {
  while (sentOfFirst_ < bytes.size()) {
    const ssize_t n =
        ::send(socket_.get(), bytes.data() + sentOfFirst_, bytes.size() - sentOfFirst_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno == EAGAIN) {
        return false;
      }
      return base::failErrno("send");
    }
    sentOfFirst_ += static_cast<std::size_t>(n);
    queuedBytes_ -= static_cast<std::size_t>(n);
  }
  return true;
}

base::Result<bool> FrameStream::sendFds(const std::vector<SharedFd>& fds) {
  union {
    cmsghdr align;
    std::array<char, CMSG_SPACE(kFdsPerMessage * sizeof(int))> bytes;
  } control{};
  std::vector<int> numbers;
  for (const auto& fd : fds) {
    numbers.push_back(fd->get());
  }
  char mark = 'F';
  iovec part{&mark, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(numbers.size() * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(numbers.size() * sizeof(int));
  std::memcpy(CMSG_DATA(header), numbers.data(), numbers.size() * sizeof(int));
  for (;;) {
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
      return true;
    }
    if (errno == EAGAIN) {
      return false;
    }
    if (errno != EINTR) {
      return base::failErrno("send descriptors");
    }
  }
}

base::Result<> FrameStream::flush() {
  while (!out_.empty()) {
    const Part& part = out_.front();
    auto sent = part.fds.empty() ? sendBytes(part.bytes) : sendFds(part.fds);
    if (!sent) {
      return base::fail(std::move(sent.error()));
    }
    if (!*sent) {
      return {};
    }
    out_.pop_front();
    sentOfFirst_ = 0;
  }
  return {};
}

}  // namespace vpclab::keeper
