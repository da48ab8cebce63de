// What becomes of a request whose answer the kernel keeps to itself, or gives too late.
#include <deque>
#include <functional>
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
extern "C" int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  static const auto call = reinterpret_cast<decltype(&recvmmsg)>(::dlsym(RTLD_NEXT, "recvmmsg"));
  if (answers == Answers::kGiveLate && !kept.empty()) {
    const std::string late = std::move(kept.front());
    kept.pop_front();
    std::copy(late.begin(), late.end(), static_cast<char*>(messages->msg_hdr.msg_iov[0].iov_base));
    *static_cast<sockaddr_nl*>(messages->msg_hdr.msg_name) = {};
    messages->msg_len = static_cast<unsigned>(late.size());
    return 1;
  }
  const int got = call(fd, messages, count, flags, timeout);
  if (answers == Answers::kKeep && got > 0) {
    for (int i = 0; i < got; ++i) {
      kept.emplace_back(static_cast<const char*>(messages[i].msg_hdr.msg_iov[0].iov_base), messages[i].msg_len);
    }
    return recvmmsg(fd, messages, count, flags, timeout);
  }
  return got;
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

// `test` gets a route socket of a namespace that is gone afterwards.
void inNewNetns(const std::function<void(kernel::NetlinkSocket&)>& test) {
  tests::skipUnlessRoot();
  REQUIRE(kernel::onThreads(1, [&](std::size_t) {
    auto made = kernel::makeNetns();
    REQUIRE(made);
    auto socket = kernel::NetlinkSocket::open(NETLINK_ROUTE);
    REQUIRE(socket);
    test(*socket);
  }));
}

}  // namespace

TEST_CASE("an answer that does not come is told by the operation's name, and is nobody else's when it comes late") {
  inNewNetns([](kernel::NetlinkSocket& socket) {
    const auto before = sockets();
    std::vector<kernel::Message> two;
    two.push_back(rename("name the first", 1, "first"));
    two.push_back(rename("name the second", 1, "second"));
    answers = Answers::kKeep;
    const auto results = socket.transact(two, shortly());
    answers = Answers::kPass;
    REQUIRE(kept.size() == 1);   // of the last one, for both
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
    const auto answer = socket.request(refused, tests::LabFixture::soon());
    answers = Answers::kPass;
    CHECK(kept.empty());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().errnoValue() == ENODEV);

    // Parts of an older dump are not parts of this one.
    answers = Answers::kKeep;
    kernel::Message list("list the links", RTM_GETLINK, 0, ifinfomsg{});
    CHECK_FALSE(socket.dump(
        list, [](const nlmsghdr*) {}, shortly()));
    answers = Answers::kGiveLate;
    CHECK(linksIn(socket) == 1);
    answers = Answers::kPass;
    kept.clear();
  });
}

TEST_CASE("a socket whose thread is in another namespace by now goes on in its own") {
  inNewNetns([](kernel::NetlinkSocket& socket) {
    kernel::Message first = rename("name the first", 1, "here");
    const auto before = sockets();
    auto elsewhere = kernel::makeNetns();
    REQUIRE(elsewhere);
    answers = Answers::kKeep;
    CHECK_FALSE(socket.request(first, shortly()));
    answers = Answers::kPass;
    kept.clear();
    CHECK(sockets() == before);
    std::string alias;
    ifinfomsg loopback{};
    loopback.ifi_index = 1;
    kernel::Message look("look at the loopback", RTM_GETLINK, 0, loopback);
    CHECK(socket.get(
        look, [&](const nlmsghdr* link) { alias = kernel::Attributes(link, sizeof(ifinfomsg)).text(IFLA_IFALIAS); },
        tests::LabFixture::soon()));
    CHECK(alias == "here");
  });
}

TEST_CASE("of many requests exactly those are told as failed that the kernel refused, wherever they stand") {
  inNewNetns([](kernel::NetlinkSocket& socket) {
    constexpr std::size_t kCount = 150;  // more than go in one send
    const std::vector<std::set<std::size_t>> choices{{}, {0}, {kCount - 1}, {3, 63, 64, 65, 127, 128}, {62, 149}};
    for (const auto& refused : choices) {
      std::vector<kernel::Message> requests;
      for (std::size_t i = 0; i < kCount; ++i) {
        requests.push_back(rename("name it " + std::to_string(i), refused.contains(i) ? 77 : 1, std::to_string(i)));
      }
      const auto results = socket.transact(requests, tests::LabFixture::soon());
      REQUIRE(results.size() == kCount);
      for (std::size_t i = 0; i < kCount; ++i) {
        CAPTURE(i);
        CHECK(results[i].has_value() != refused.contains(i));
        if (!results[i]) {
          CHECK(results[i].error().errnoValue() == ENODEV);
          CHECK(results[i].error().message().starts_with("name it " + std::to_string(i)));
        }
      }
    }
  });
}

TEST_CASE("of many questions each has its own answer") {
  inNewNetns([](kernel::NetlinkSocket& socket) {
    std::vector<kernel::Message> questions;
    for (int i = 0; i < 150; ++i) {
      ifinfomsg link{};
      link.ifi_index = i % 5 == 4 ? 77 : 1;
      questions.emplace_back("look at " + std::to_string(i), RTM_GETLINK, std::uint16_t{0}, link);
    }
    std::vector<int> answered(questions.size());
    const auto results = socket.getEach(
        questions, [&](std::size_t i, const nlmsghdr* link) { answered.at(i) += link->nlmsg_type == RTM_NEWLINK; },
        tests::LabFixture::soon());
    for (std::size_t i = 0; i < questions.size(); ++i) {
      CAPTURE(i);
      CHECK(answered[i] == (i % 5 == 4 ? 0 : 1));
      CHECK(results[i].has_value() == (i % 5 != 4));
    }
  });
}
