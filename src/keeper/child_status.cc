#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include "keeper/spawn.h"
#include "keeper/wire.h"

namespace vpclab::keeper {

namespace {

constexpr std::size_t kMaxMessage = 8192;

const char* letterOf(ChildStatus::Kind kind) {
  switch (kind) {
    case ChildStatus::Kind::kFailed:
      return "E";
    case ChildStatus::Kind::kProcess:
      return "P";
    case ChildStatus::Kind::kRunning:
      return "R";
    case ChildStatus::Kind::kEnded:
      return "X";
  }
  return "E";
}

// The kernel translates the sender's pid into the receiver's PID namespace; unix(7), SCM_CREDENTIALS.
pid_t senderOf(msghdr* message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(message); header != nullptr; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(header), sizeof(sender));
      return sender.pid;
    }
  }
  return 0;
}

base::Result<ChildStatus> decode(std::string_view text, pid_t sender) {
  ChildStatus out;
  const std::string_view rest = text.substr(1);
  switch (text.front()) {
    case 'P':
      out.kind = ChildStatus::Kind::kProcess;
      out.pid = sender;
      return out;
    case 'R':
      out.kind = ChildStatus::Kind::kRunning;
      return out;
    case 'X':
      if (rest.size() == sizeof(out.waitStatus)) {
        out.kind = ChildStatus::Kind::kEnded;
        std::memcpy(&out.waitStatus, rest.data(), sizeof(out.waitStatus));
        return out;
      }
      break;
    case 'E':
      out.error = decodeError(rest);
      return out;
    default:
      break;
  }
  return base::fail(base::ErrorKind::kProtocol, "a child's status message is not understood");
}

}  // namespace

void sendStatus(int statusSocket, const ChildStatus& status) {
  std::string text = letterOf(status.kind);
  if (status.kind == ChildStatus::Kind::kEnded) {
    text.append(reinterpret_cast<const char*>(&status.waitStatus), sizeof(status.waitStatus));
  } else if (status.error) {
    text += encodeError(*status.error);
  }
  while (::send(statusSocket, text.data(), text.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

base::Result<std::optional<ChildStatus>> receiveStatus(int statusSocket) {
  std::array<char, kMaxMessage> text;
  union {
    cmsghdr align;
    std::array<char, CMSG_SPACE(sizeof(ucred))> bytes;
  } control{};
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const ssize_t n = ::recvmsg(statusSocket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n == 0 || (n < 0 && errno == ECONNRESET)) {
    return base::fail(base::ErrorKind::kNotFound, "a child's status has ended");
  }
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return std::optional<ChildStatus>();
    }
    return base::failErrno("receive a child's status");
  }
  auto status = decode(std::string_view(text.data(), static_cast<std::size_t>(n)), senderOf(&message));
  if (!status) {
    return base::fail(std::move(status.error()));
  }
  return std::optional<ChildStatus>(std::move(*status));
}

}  // namespace vpclab::keeper
