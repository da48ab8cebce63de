#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>

#include "base/frame_socket.h"
#include "fuzz/require.h"

using namespace vpclab;
using fuzz::require;

namespace {

constexpr std::size_t kMaxBytes = 4096;
constexpr std::size_t kMaxFds = 8;
constexpr std::size_t kMostSent = 12;  // descriptors in a message: more than are taken

struct Pair {
  base::UniqueFd sender;
  base::UniqueFd receiver;
};

Pair makePair() {
  std::array<int, 2> ends{};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

// One message with `count` copies of a descriptor. False where the kernel takes no more.
bool sendMessage(int socket, std::string_view bytes, std::size_t count) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostSent * sizeof(int))> control{};
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count != 0) {
    const std::vector<int> fds(count, STDERR_FILENO);
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), count * sizeof(int));
  }
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// A hostile peer: the input is messages, each a length and a number of descriptors, one byte each, and the bytes.
void sendMessages(int socket, std::string_view input) {
  while (input.size() >= 3) {
    const std::size_t length = std::clamp<std::size_t>(static_cast<unsigned char>(input[0]), 1, input.size() - 2);
    const std::size_t count = static_cast<unsigned char>(input[1]) % (kMostSent + 1);
    if (!sendMessage(socket, input.substr(2, length), count)) {
      return;
    }
    input.remove_prefix(2 + length);
  }
}

int lowestFree() {
  const base::UniqueFd probe(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  require(probe.valid());
  return probe.get();
}

base::Deadline soon() {
  return base::Deadline::after(base::Milliseconds(1000));
}

}  // namespace

// What arrives is a frame within its limits or an error at once, and no descriptor stays open.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const int before = lowestFree();
  {
    Pair pair = makePair();
    sendMessages(pair.sender.get(), input);
    pair.sender.reset();
    for (;;) {
      const auto frame = base::receiveFrame(pair.receiver.get(), kMaxBytes, kMaxFds, soon());
      if (!frame) {
        require(frame.error().kind() != base::ErrorKind::kTimeout);
        break;
      }
      require(frame->body.size() <= kMaxBytes && frame->fds.size() <= kMaxFds);
      for (const auto& fd : frame->fds) {
        require((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
      }
    }
  }
  {
    Pair pair = makePair();
    const std::vector<int> fds(size % (kMaxFds + 1), STDERR_FILENO);
    const std::string_view body = input.substr(0, kMaxBytes);
    require(base::sendFrame(pair.sender.get(), body, fds, soon()).has_value());
    const auto frame = base::receiveFrame(pair.receiver.get(), kMaxBytes, kMaxFds, soon());
    require(frame && frame->body == body && frame->fds.size() == fds.size());
  }
  require(lowestFree() == before);
  return 0;
}
