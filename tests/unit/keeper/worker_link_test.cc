#include "keeper/worker_link.h"

#include <array>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/frame_stream.h"
#include "keeper/wire.h"

using namespace vpclab;

namespace {

std::string nested(int depth) {
  return R"({"ok":true,"a":)" + std::string(static_cast<std::size_t>(depth) - 1, '[') +
         std::string(static_cast<std::size_t>(depth) - 1, ']') + "}";
}

}  // namespace

TEST_CASE("a message that nests deeper than a stack may take is none") {
  CHECK(keeper::parse(nested(64)));
  const auto refused = keeper::parse(nested(65));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind() == base::ErrorKind::kProtocol);
}

TEST_CASE("a worker that answers by a million brackets is broken, and who waits for it is told") {
  auto loop = keeper::Loop::make();
  REQUIRE(loop);
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const base::UniqueFd worker(ends[1]);
  bool broken = false;
  bool told = false;
  {
    keeper::WorkerLink link(&*loop, base::UniqueFd(ends[0]), [&] {
      broken = true;
      loop->stop();
    });
    link.send({{"op", "status"}}, {}, [&](base::Result<nlohmann::json> answer) {
      told = !answer;
      loop->stop();
    });
    keeper::FrameStream answers(base::UniqueFd(::dup(worker.get())), 1000);
    answers.queue(nested(1'000'000), {});
    // What does not fit goes on when the other end has read.
    std::function<void()> more = [&] {
      if (answers.flush() && answers.pending()) {
        loop->after(base::Milliseconds(1), more);
      }
    };
    more();
    loop->after(base::Milliseconds(10'000), [&] { loop->stop(); });
    REQUIRE(loop->run());
  }
  CHECK(broken);
  CHECK(told);
}
