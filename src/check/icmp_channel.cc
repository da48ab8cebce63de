#include "check/icmp_channel.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "check/random.h"

namespace vpclab::check {

namespace {

constexpr int kPacketsAtOnce = 256;
constexpr std::size_t kInboxLimit = 4096;  // answers that a task has not looked at yet; more are dropped

bool hasOption(int fd, int option, int wanted) {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

}  // namespace

base::Result<std::shared_ptr<IcmpChannel>> IcmpChannel::make(base::UniqueFd socket) {
  const int fd = socket.get();
  if (!hasOption(fd, SO_DOMAIN, AF_INET) || !hasOption(fd, SO_TYPE, SOCK_RAW) ||
      !hasOption(fd, SO_PROTOCOL, IPPROTO_ICMP)) {
    return base::fail(base::ErrorKind::kInvalid, "the socket of a ping is no raw ICMP socket");
  }
  // A raw socket gets a copy of every ICMP packet of its namespace; requests of others are none of ours.
  icmp_filter filter{};
  filter.data =
      ~((1U << ICMP_ECHOREPLY) | (1U << ICMP_DEST_UNREACH) | (1U << ICMP_TIME_EXCEEDED) | (1U << ICMP_PARAMETERPROB));
  if (::setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter) != 0) {
    return base::failErrno("filter what the socket of a ping receives");
  }
  if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    return base::failErrno("make the socket of a ping non-blocking");
  }
  return std::shared_ptr<IcmpChannel>(new IcmpChannel(std::move(socket)));
}

std::uint16_t IcmpChannel::attach(std::deque<ArrivedAnswer>* inbox) {
  auto id = randomNumber<std::uint16_t>();
  // A request has fewer jobs than there are identifiers, so this ends.
  while (!inboxes_.emplace(id, inbox).second) {
    ++id;
  }
  return id;
}

void IcmpChannel::detach(std::uint16_t id) {
  inboxes_.erase(id);
}

void IcmpChannel::receive() {
  std::array<std::uint8_t, 2048> packet{};
  for (int i = 0; i < kPacketsAtOnce; ++i) {
    const ssize_t n = ::recv(fd(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (n < 0) {
      return;  // EAGAIN, or an error that is the next one's to see: poll goes on, deadlines hold
    }
    auto answer = parseIcmpAnswer(std::span(packet).first(static_cast<std::size_t>(n)));
    if (!answer) {
      continue;
    }
    const auto inbox = inboxes_.find(answer->id);
    if (inbox != inboxes_.end() && inbox->second->size() < kInboxLimit) {
      inbox->second->push_back({std::move(*answer), base::Clock::now()});
    }
  }
}

int IcmpChannel::send(net::IpAddr target, int ttl, const std::vector<std::uint8_t>& packet) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(target.v4HostOrder());
  std::vector<std::uint8_t> bytes(packet);
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = sizeof(to);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (ttl != 0) {  // per packet: ip(7), IP_TTL as ancillary data
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_TTL;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &ttl, sizeof(int));
  }
  while (::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

// No route, an unreachable, prohibit or blackhole route (ip-route(8)).
PingResult resultOfRefusal(int error) {
  return error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EINVAL ? PingResult::kUnreachable
                                                                                             : PingResult::kError;
}

std::string describeRefusal(int error) {
  return std::string("sendto: ") + ::strerror(error) + (error == EINVAL ? " (a blackhole route)" : "");
}

}  // namespace vpclab::check
