#include "base/frame_socket.h"

#include <array>
#include <thread>

#include <doctest/doctest.h>
#include <sys/socket.h>

using namespace vpclab::base;
using namespace std::chrono_literals;

namespace {

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0);
    left.reset(fds[0]);
    right.reset(fds[1]);
  }
  UniqueFd left;
  UniqueFd right;
};

}  // namespace

TEST_CASE("frames keep their borders, bodies and descriptors") {
  const Pair pair;
  const std::string large(3U << 20U, 'x');
  const std::vector<int> fds(450, pair.left.get());
  std::thread sender([&] {
    CHECK(sendFrame(pair.left.get(), "one", {}, Deadline::after(5s)));
    CHECK(sendFrame(pair.left.get(), large, fds, Deadline::after(5s)));
    CHECK(sendFrame(pair.left.get(), "", {}, Deadline::after(5s)));
  });
  auto one = receiveFrame(pair.right.get(), 100, 0, Deadline::after(5s));
  REQUIRE(one);
  CHECK(one->body == "one");
  auto two = receiveFrame(pair.right.get(), kMaxFrameBytes, 450, Deadline::after(5s));
  REQUIRE(two);
  CHECK(two->body == large);
  CHECK(two->fds.size() == 450);
  auto three = receiveFrame(pair.right.get(), 100, 0, Deadline::after(5s));
  REQUIRE(three);
  CHECK(three->body.empty());
  sender.join();
}

TEST_CASE("a peer cannot exceed the limits, and a silent one does not block") {
  Pair pair;
  REQUIRE(sendFrame(pair.left.get(), "too long", {}, Deadline::after(1s)));
  CHECK(receiveFrame(pair.right.get(), 3, 0, Deadline::after(1s)).error().kind() == ErrorKind::kLimit);
  const Pair silent;
  CHECK(receiveFrame(silent.right.get(), 3, 0, Deadline::after(0ms)).error().kind() == ErrorKind::kTimeout);
  pair.left.reset();
  CHECK_FALSE(receiveFrame(pair.right.get(), 100, 0, Deadline::after(1s)));
}
