#include "kernel/netlink_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <libmnl/libmnl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/text.h"

namespace vpclab::kernel {

namespace {

// Acks of this many requests fit into the smallest receive buffer that the kernel grants.
constexpr std::size_t kMaxBatch = 64;
// Larger than what the kernel puts into one datagram of a dump (32 KiB, netlink_dump).
constexpr std::size_t kReceiveBytes = 64U << 10U;
// How many answers to requests with one answer each are fetched at once. Each has a part of the buffer, twice as long
// as any request of ours (which an error brings back).
constexpr std::size_t kAnswersAtOnce = 16;
static_assert(kReceiveBytes / kAnswersAtOnce >= 2 * Message::kCapacity);
constexpr std::size_t kMaxDumpBytes = 64U << 20U;
constexpr int kDumpAttempts = 5;

// The kernel's verdict in an NLMSG_ERROR or NLMSG_DONE, with its words.
base::Result<> verdict(const nlmsghdr* answer, const std::string& what) {
  int code = 0;
  if (mnl_nlmsg_get_payload_len(answer) < sizeof code) {
    return base::fail(base::ErrorKind::kProtocol, what + ": the kernel's answer is cut short");
  }
  std::copy_n(static_cast<const char*>(mnl_nlmsg_get_payload(answer)), sizeof code, reinterpret_cast<char*>(&code));
  if (code == 0) {
    return {};
  }
  base::Error error = base::Error::fromErrno(-code, what);
  if ((answer->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
    std::size_t skip = sizeof code;
    if (answer->nlmsg_type == NLMSG_ERROR) {
      // The request comes back: its header only, where the kernel capped it (NETLINK_CAP_ACK).
      const auto* body = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer));
      skip = sizeof(nlmsgerr);
      if ((answer->nlmsg_flags & NLM_F_CAPPED) == 0 && body->msg.nlmsg_len >= sizeof(nlmsghdr)) {
        skip += MNL_ALIGN(body->msg.nlmsg_len) - sizeof(nlmsghdr);
      }
    }
    return base::fail(
        std::move(error).withKernelText(base::printable(Attributes(answer, skip).text(NLMSGERR_ATTR_MSG))));
  }
  return base::fail(std::move(error));
}

base::Error unanswered(const std::string& what) {
  return {base::ErrorKind::kTimeout, what + ": the kernel has not answered; it may have done it"};
}

base::Result<base::UniqueFd> openSocket(int protocol) {
  base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd) {
    return base::failErrno("open a netlink socket");
  }
  // Each of these is a comfort that an older kernel may lack.
  const int on = 1;
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  return fd;
}

// Both of one network namespace.
bool areNeighbours(int one, int other) {
  const base::UniqueFd first(::ioctl(one, SIOCGSKNS));
  const base::UniqueFd second(::ioctl(other, SIOCGSKNS));
  struct stat a {};
  struct stat b {};
  return first && second && ::fstat(first.get(), &a) == 0 && ::fstat(second.get(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

// Calls `visit` for each message in what was received.
template <class F>
void eachMessage(std::span<const std::string_view> datagrams, F&& visit) {
  for (const std::string_view datagram : datagrams) {
    int left = static_cast<int>(datagram.size());
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      visit(message);
    }
  }
}

base::Error tooLarge(const Message& message) {
  return {base::ErrorKind::kLimit, message.what() + ": the request is larger than a netlink message of ours may be"};
}

}  // namespace

base::Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  auto fd = openSocket(protocol);
  if (!fd) {
    return base::fail(std::move(fd.error()));
  }
  NetlinkSocket out(std::move(*fd), protocol);
  out.buffer_ = std::make_unique_for_overwrite<char[]>(kReceiveBytes);
  return out;
}

// After an answer that has not come: the old socket may still be in the middle of a dump, and would refuse the next
// one. Where the calling thread has left the socket's namespace the old one stays. In both cases the numbers go on, so
// that what comes late is never taken for the answer to something else.
void NetlinkSocket::renew() {
  if (auto fresh = openSocket(protocol_); fresh && areNeighbours(fd_.get(), fresh->get())) {
    fd_ = std::move(*fresh);
  }
}

// Whatever has come, at least one datagram and at most so many, each cut off at its part of the buffer.
base::Result<std::span<const std::string_view>> NetlinkSocket::receive(base::Deadline deadline, const std::string& what,
                                                                       std::size_t most) {
  const auto patience = deadline.earlier(base::Deadline::after(kAnswerTime));
  const std::size_t room = kReceiveBytes / most;
  for (;;) {
    std::array<sockaddr_nl, kAnswersAtOnce> senders{};
    std::array<iovec, kAnswersAtOnce> parts;
    std::array<mmsghdr, kAnswersAtOnce> messages{};
    for (std::size_t i = 0; i < most; ++i) {
      parts[i] = {buffer_.get() + i * room, room};
      messages[i].msg_hdr.msg_name = &senders[i];
      messages[i].msg_hdr.msg_namelen = sizeof senders[i];
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::recvmmsg(fd_.get(), messages.data(), static_cast<unsigned>(most), 0, nullptr);
    received_.clear();
    for (int i = 0; i < count; ++i) {
      if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        return base::fail(base::ErrorKind::kProtocol, what + ": the kernel's answer was truncated");
      }
      if (senders[i].nl_pid == 0) {  // else not from the kernel: any process may send to a netlink socket
        received_.emplace_back(buffer_.get() + i * room, messages[i].msg_len);
      }
    }
    if (!received_.empty()) {
      return std::span<const std::string_view>(received_);
    }
    if (count >= 0 || errno == EINTR) {
      continue;
    }
    if (errno != EAGAIN) {
      return base::failErrno(what);
    }
    pollfd entry{fd_.get(), POLLIN, 0};
    if (::poll(&entry, 1, patience.pollTimeout()) == 0) {
      renew();
      return base::fail(unanswered(what));
    }
  }
}

base::Result<> NetlinkSocket::send(std::span<Message> messages) {
  std::vector<iovec> parts;
  parts.reserve(messages.size());
  for (Message& message : messages) {
    message.header()->nlmsg_seq = ++sequence_;
    parts.push_back({message.header(), message.size()});
  }
  msghdr out{};
  out.msg_iov = parts.data();
  out.msg_iovlen = parts.size();
  while (::sendmsg(fd_.get(), &out, 0) < 0) {
    if (errno != EINTR) {
      return base::failErrno(messages.front().what());
    }
  }
  return {};
}

// The kernel goes through the requests of one send in their order (netlink_rcv_skb). Without a handler only the last
// one asks for an acknowledgement: what was refused before it has told so by then. With one each has an answer or an
// error.
void NetlinkSocket::transactBatch(std::span<Message> messages, std::span<base::Result<>> results,
                                  const EachHandler& handler, base::Deadline deadline) {
  const auto failAll = [&](const base::Error& error, const std::vector<bool>& done) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!done[i]) {
        results[i] = base::fail(error);
      }
    }
  };
  std::vector<bool> done(messages.size(), false);
  const std::uint32_t first = sequence_ + 1;
  if (auto sent = send(messages); !sent) {
    return failAll(sent.error(), done);
  }
  const std::size_t last = messages.size() - 1;
  for (std::size_t open = messages.size(); open > 0;) {
    const auto waiting = static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
    auto got = receive(deadline, messages[waiting].what(), handler ? kAnswersAtOnce : 1);
    if (!got && got.error().kind() == base::ErrorKind::kTimeout) {
      for (std::size_t i = waiting; i < results.size(); ++i) {
        if (!done[i]) {
          results[i] = base::fail(unanswered(messages[i].what()));
        }
      }
      return;
    }
    if (!got) {
      return failAll(got.error(), done);
    }
    eachMessage(*got, [&](const nlmsghdr* answer) {
      const std::size_t index = answer->nlmsg_seq - first;
      const bool error = answer->nlmsg_type == NLMSG_ERROR;
      if (index >= messages.size() || done[index] || (!error && !handler)) {
        return;
      }
      if (error) {
        results[index] = verdict(answer, messages[index].what());
      } else {
        handler(index, answer);
      }
      done[index] = true;
      open = !handler && index == last ? 0 : open - 1;
    });
  }
}

std::vector<base::Result<>> NetlinkSocket::transact(std::span<Message> messages, base::Deadline deadline) {
  return inBatches(messages, {}, deadline);
}

std::vector<base::Result<>> NetlinkSocket::getEach(std::span<Message> messages, const EachHandler& handler,
                                                   base::Deadline deadline) {
  return inBatches(messages, handler, deadline);
}

std::vector<base::Result<>> NetlinkSocket::inBatches(std::span<Message> messages, const EachHandler& handler,
                                                     base::Deadline deadline) {
  std::vector<base::Result<>> results(messages.size());
  for (std::size_t begin = 0; begin < messages.size();) {
    if (!messages[begin].fits()) {
      results[begin] = base::fail(tooLarge(messages[begin]));
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < messages.size() && end - begin < kMaxBatch && messages[end].fits()) {
      ++end;
    }
    if (!handler) {
      messages[end - 1].header()->nlmsg_flags |= NLM_F_ACK;
    }
    const EachHandler inBatch =
        handler ? EachHandler([&](std::size_t index, const nlmsghdr* answer) { handler(begin + index, answer); })
                : EachHandler();
    transactBatch(messages.subspan(begin, end - begin), std::span(results).subspan(begin, end - begin), inBatch,
                  deadline);
    begin = end;
  }
  return results;
}

base::Result<> NetlinkSocket::request(Message& message, base::Deadline deadline) {
  return std::move(transact({&message, 1}, deadline).front());
}

base::Result<> NetlinkSocket::get(Message& message, const Handler& handler, base::Deadline deadline) {
  if (!message.fits()) {
    return base::fail(tooLarge(message));
  }
  message.header()->nlmsg_flags |= NLM_F_ACK;
  if (auto sent = send({&message, 1}); !sent) {
    return sent;
  }
  for (;;) {
    auto got = receive(deadline, message.what(), 1);
    if (!got) {
      return base::fail(std::move(got.error()));
    }
    int left = static_cast<int>(got->front().size());
    for (const auto* answer = reinterpret_cast<const nlmsghdr*>(got->front().data()); mnl_nlmsg_ok(answer, left);
         answer = mnl_nlmsg_next(answer, &left)) {
      if (answer->nlmsg_seq != sequence_) {
        continue;
      }
      if (answer->nlmsg_type == NLMSG_ERROR) {
        return verdict(answer, message.what());
      }
      handler(answer);
    }
  }
}

// False: interrupted, its content is not to be trusted.
base::Result<bool> NetlinkSocket::dumpOnce(Message& message, Parts& out, base::Deadline deadline) {
  message.header()->nlmsg_flags |= NLM_F_DUMP;
  if (auto sent = send({&message, 1}); !sent) {
    return base::fail(std::move(sent.error()));
  }
  bool whole = true;
  std::size_t size = 0;
  for (;;) {
    auto got = receive(deadline, message.what(), 1);
    if (!got) {
      return base::fail(std::move(got.error()));
    }
    std::string& part = out.emplace_back();
    part.reserve(got->front().size());
    int left = static_cast<int>(got->front().size());
    for (const auto* answer = reinterpret_cast<const nlmsghdr*>(got->front().data()); mnl_nlmsg_ok(answer, left);
         answer = mnl_nlmsg_next(answer, &left)) {
      if (answer->nlmsg_seq != sequence_) {
        continue;
      }
      whole = whole && (answer->nlmsg_flags & NLM_F_DUMP_INTR) == 0;
      if (answer->nlmsg_type == NLMSG_DONE || answer->nlmsg_type == NLMSG_ERROR) {
        auto end = mnl_nlmsg_get_payload_len(answer) == 0 ? base::Result<>() : verdict(answer, message.what());
        if (!end) {
          return base::fail(std::move(end.error()));
        }
        return whole;
      }
      size += answer->nlmsg_len;
      if (size > kMaxDumpBytes) {
        return base::fail(base::ErrorKind::kLimit, message.what() + ": the kernel reports too much");
      }
      part.append(reinterpret_cast<const char*>(answer), answer->nlmsg_len);
      part.resize(MNL_ALIGN(part.size()));
    }
  }
}

base::Result<> NetlinkSocket::dump(Message& message, const Handler& handler, base::Deadline deadline) {
  if (!message.fits()) {
    return base::fail(tooLarge(message));
  }
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    Parts collected;
    auto whole = dumpOnce(message, collected, deadline);
    if (!whole) {
      return base::fail(std::move(whole.error()));
    }
    if (*whole) {
      for (; !collected.empty(); collected.pop_front()) {
        const std::string& part = collected.front();
        for (std::size_t at = 0; at < part.size();) {
          const auto* answer = reinterpret_cast<const nlmsghdr*>(part.data() + at);
          handler(answer);
          at += MNL_ALIGN(answer->nlmsg_len);
        }
      }
      return {};
    }
  }
  return base::fail(base::ErrorKind::kBusy,
                    message.what() + ": changed " + std::to_string(kDumpAttempts) + " times while it was being read");
}

}  // namespace vpclab::kernel
