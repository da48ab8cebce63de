#include "keeper/frame_stream.h"

#include <array>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

using namespace vpclab;
using keeper::FrameStream;

namespace {

struct Pair {
  base::UniqueFd stream;
  base::UniqueFd peer;
};

Pair makePair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

base::Deadline soon() {
  return base::Deadline::after(base::Milliseconds(5000));
}

}  // namespace

TEST_CASE("frames arrive in any pieces") {
  auto pair = makePair();
  FrameStream stream(std::move(pair.stream), 1000);
  CHECK(stream.receive());
  CHECK_FALSE(stream.take());
  const std::string bytes(std::string("\0\0\0\5\0\0\0\0hello\0\0\0\0\0\0\0\0", 21));
  for (const char byte : bytes) {
    REQUIRE(::send(pair.peer.get(), &byte, 1, 0) == 1);
    CHECK(stream.receive());
  }
  CHECK(stream.take() == "hello");
  CHECK(stream.take() == "");
  CHECK_FALSE(stream.take());
  pair.peer.reset();
  CHECK(stream.receive().error().kind() == base::ErrorKind::kNotFound);
}

TEST_CASE("a frame that is too large, or announces descriptors, is refused at its header") {
  for (const auto& header : {std::string("\0\1\0\0\0\0\0\0", 8), std::string("\0\0\0\1\0\0\0\1", 8)}) {
    auto pair = makePair();
    FrameStream stream(std::move(pair.stream), 1000);
    REQUIRE(::send(pair.peer.get(), header.data(), header.size(), 0) == 8);
    CHECK(stream.receive().error().kind() == base::ErrorKind::kLimit);
  }
}

TEST_CASE("descriptors that come along are not kept") {
  auto pair = makePair();
  FrameStream stream(std::move(pair.stream), 1000);
  const int before = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
  ::close(before);
  const std::array<int, 1> fds{pair.peer.get()};
  REQUIRE(base::sendFrame(pair.peer.get(), "x", fds, soon()));
  CHECK_FALSE(stream.receive());
  const int after = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
  ::close(after);
  CHECK(after == before);
}

TEST_CASE("sends what fits, and the rest later, with more descriptors than one message takes") {
  auto pair = makePair();
  FrameStream stream(std::move(pair.stream), 1000);
  const auto null = std::make_shared<const base::UniqueFd>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::string body(4 << 20, 'b');
  stream.queue(body, std::vector<keeper::SharedFd>(450, null));
  CHECK(stream.flush());
  CHECK(stream.pending());
  CHECK(stream.queuedBytes() > 0);
  base::Result<base::Frame> frame = base::fail(base::ErrorKind::kInternal, "");
  std::thread reader([&] { frame = base::receiveFrame(pair.peer.get(), 8 << 20, 1000, soon()); });
  for (const auto deadline = soon(); stream.pending() && !deadline.passed();) {
    CHECK(stream.flush());
  }
  reader.join();
  REQUIRE(frame);
  CHECK(frame->body == body);
  CHECK(frame->fds.size() == 450);
  CHECK(stream.queuedBytes() == 0);
}
