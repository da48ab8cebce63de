// What becomes of a request whose answer the kernel keeps to itself, or gives too late.
#include <deque>
#include <set>

#include <dlfcn.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/netlink_socket.h"
#include "kernel/threads.h"
#include "lab_fixture.h"

using namespace vpclab;

namespace {

enum class Answers { kPass, kKeep, kGiveLate };
thread_local Answers answers = Answers::kPass;
thread_local std::deque<std::string> kept;

}  // namespace

// In the place of libc's, for all of this program; it only does something on a thread that asks for it.
extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto call = reinterpret_cast<decltype(&recvmsg)>(::dlsym(RTLD_NEXT, "recvmsg"));
  if (answers == Answers::kGiveLate && !kept.empty()) {
    const std::string late = std::move(kept.front());
    kept.pop_front();
    std::copy(late.begin(), late.end(), static_cast<char*>(message->msg_iov[0].iov_base));
    *static_cast<sockaddr_nl*>(message->msg_name) = {};
    return static_cast<ssize_t>(late.size());
  }
  const ssize_t size = call(fd, message, flags);
  if (answers == Answers::kKeep && size > 0) {
    kept.emplace_back(static_cast<const char*>(message->msg_iov[0].iov_base), static_cast<std::size_t>(size));
    return recvmsg(fd, message, flags);
  }
  return size;
}

namespace {

kernel::Message rename(const std::string& what, int index, const std::string& alias) {
  ifinfomsg link{};
  link.ifi_index = index;
  kernel::Message message(what, RTM_NEWLINK, 0, link);
  message.text(IFLA_IFALIAS, alias);
  return message;
}

std::size_t linksIn(kernel::NetlinkSocket& socket) {
  std::size_t count = 0;
  kernel::Message message("list the links", RTM_GETLINK, 0, ifinfomsg{});
  CHECK(socket.dump(
      message, [&](const nlmsghdr* link) { count += link->nlmsg_type == RTM_NEWLINK ? 1 : 0; },
      tests::LabFixture::soon()));
  return count;
}

// Of this process, by the kernel's numbers.
std::set<std::string> sockets() {
  std::set<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (target.rfind("socket:", 0) == 0) {
      out.insert(target);
    }
  }
  return out;
}

base::Deadline shortly() {
  return base::Deadline::after(base::Milliseconds(100));
}

}  // namespace

TEST_CASE("an answer that does not come is told by the operation's name, and is nobody else's when it comes late") {
  tests::skipUnlessRoot();
  REQUIRE(kernel::onThreads(1, [](std::size_t) {
    auto made = kernel::makeNetns();
    REQUIRE(made);
    auto socket = kernel::NetlinkSocket::open(NETLINK_ROUTE);
    REQUIRE(socket);

    const auto before = sockets();
    std::vector<kernel::Message> two;
    two.push_back(rename("name the first", 1, "first"));
    two.push_back(rename("name the second", 1, "second"));
    answers = Answers::kKeep;
    const auto results = socket->transact(two, shortly());
    answers = Answers::kPass;
    REQUIRE(kept.size() == 2);
    CHECK(sockets() != before);  // the next request goes out on another one
    for (const std::size_t i : {0, 1}) {
      REQUIRE_FALSE(results[i]);
      CHECK(results[i].error().kind() == base::ErrorKind::kTimeout);
      CHECK(results[i].error().message() == std::string(i == 0 ? "name the first" : "name the second") +
                                                ": the kernel has not answered; it may have done it");
    }

    // The late ones say yes; this one is refused.
    answers = Answers::kGiveLate;
    kernel::Message refused = rename("name what is not there", 77, "third");
    const auto answer = socket->request(refused, tests::LabFixture::soon());
    answers = Answers::kPass;
    CHECK(kept.empty());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().errnoValue() == ENODEV);

    // Parts of an older dump are not parts of this one.
    answers = Answers::kKeep;
    kernel::Message list("list the links", RTM_GETLINK, 0, ifinfomsg{});
    CHECK_FALSE(socket->dump(
        list, [](const nlmsghdr*) {}, shortly()));
    answers = Answers::kGiveLate;
    CHECK(linksIn(*socket) == 1);
    answers = Answers::kPass;
    kept.clear();
  }));
}

TEST_CASE("a socket whose thread is in another namespace by now goes on in its own") {
  tests::skipUnlessRoot();
  REQUIRE(kernel::onThreads(1, [](std::size_t) {
    auto made = kernel::makeNetns();
    REQUIRE(made);
    auto socket = kernel::NetlinkSocket::open(NETLINK_ROUTE);
    REQUIRE(socket);
    kernel::Message first = rename("name the first", 1, "here");
    const auto before = sockets();
    auto elsewhere = kernel::makeNetns();
    REQUIRE(elsewhere);
    answers = Answers::kKeep;
    CHECK_FALSE(socket->request(first, shortly()));
    answers = Answers::kPass;
    kept.clear();
    CHECK(sockets() == before);
    std::string alias;
    ifinfomsg loopback{};
    loopback.ifi_index = 1;
    kernel::Message look("look at the loopback", RTM_GETLINK, 0, loopback);
    CHECK(socket->get(
        look, [&](const nlmsghdr* link) { alias = kernel::Attributes(link, sizeof(ifinfomsg)).text(IFLA_IFALIAS); },
        tests::LabFixture::soon()));
    CHECK(alias == "here");
  }));
}
