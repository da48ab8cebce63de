#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/netlink_message.h"

namespace vpclab::kernel {

// How long the kernel may say nothing at all while an answer is due. It answers within a second even while it takes
// hundreds of namespaces apart; an answer that has not come by now was lost, and waiting on would only hide that.
constexpr base::Milliseconds kAnswerTime{30'000};

// A netlink socket of the namespace in which it was opened; it stays there. Reading and writing are both raw libmnl
// messages: the observer needs few fields of few kinds, and libnl's caches would copy every attribute of every link.
class NetlinkSocket {
 public:
  // NETLINK_ROUTE, NETLINK_NETFILTER or NETLINK_GENERIC, in the calling thread's network namespace.
  static base::Result<NetlinkSocket> open(int protocol);

  // Sends the requests, a bounded number at a time, and reports on each. A refused one does not stop the others. The
  // kernel's extended ack is in the error. kTimeout: the deadline passed, or the kernel has said nothing for
  // kAnswerTime; whether it has done what it was asked for is not known. The next request goes out all the same.
  std::vector<base::Result<>> transact(std::span<Message> messages, base::Deadline deadline);
  base::Result<> request(Message& message, base::Deadline deadline);

  using Handler = std::function<void(const nlmsghdr*)>;
  // One request with one answer.
  base::Result<> get(Message& message, const Handler& handler, base::Deadline deadline);
  // Requests with one answer each, a bounded number at a time; a refused one does not stop the others.
  using EachHandler = std::function<void(std::size_t index, const nlmsghdr*)>;
  std::vector<base::Result<>> getEach(std::span<Message> messages, const EachHandler& handler, base::Deadline deadline);
  // A complete dump, handed on message by message. One that the kernel had to interrupt is taken again a few times, and
  // is an error then: a partial dump would read as "missing".
  base::Result<> dump(Message& message, const Handler& handler, base::Deadline deadline);

 private:
  NetlinkSocket(base::UniqueFd fd, int protocol) : fd_(std::move(fd)), protocol_(protocol) {}
  // Datagrams in the buffer, until the next call.
  base::Result<std::span<const std::string_view>> receive(base::Deadline deadline, const std::string& what,
                                                          std::size_t most);
  void renew();
  base::Result<> send(std::span<Message> messages);
  // Each as long as what was received at once: a switch of thousands of ports has megabytes to tell.
  using Parts = std::deque<std::string>;
  base::Result<bool> dumpOnce(Message& message, Parts& out, base::Deadline deadline);
  std::vector<base::Result<>> inBatches(std::span<Message> messages, const EachHandler& handler,
                                        base::Deadline deadline);
  void transactBatch(std::span<Message> messages, std::span<base::Result<>> results, const EachHandler& handler,
                     base::Deadline deadline);

  base::UniqueFd fd_;
  int protocol_;
  std::unique_ptr<char[]> buffer_;
  std::vector<std::string_view> received_;  // into the buffer
  std::uint32_t sequence_ = 0;
};

}  // namespace vpclab::kernel
