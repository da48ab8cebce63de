#include "check/pace.h"

#include <doctest/doctest.h>

using namespace vpclab::check;
using namespace std::chrono_literals;

TEST_CASE("without rates, and with high ones, as much is in flight as the worker takes") {
  CHECK(paceFor(0, 0) == Pace{});
  CHECK(windowOf(Pace{}, 0) == Pace{}.window);
  const Pace fast = paceFor(1'000'000'000, 10'000'000'000);
  CHECK(fast.sweeps == Pace{}.sweeps);
  CHECK(fast.window == Pace{}.window);
  CHECK(windowOf(fast, 1'000'000'000) == Pace{}.window);
}

TEST_CASE("what is in flight to and from a slow node waits half a second in its queue at most") {
  const Pace pace = paceFor(64'000, 0);
  CHECK((pace.sweeps + windowOf(pace, 64'000)) * 100 <= 4'000);
  CHECK(windowOf(pace, 0) == Pace{}.window);  // the others go on as before
  CHECK(pace.sweeps >= 8);
  CHECK(pace.waiting >= 1s);
  CHECK(pace.waiting <= 3s);
}

TEST_CASE("what all have in flight fits the queue of the line that they share") {
  for (const std::uint64_t rate : {100'000U, 1'000'000U, 20'000'000U}) {
    const Pace pace = paceFor(0, rate);
    CHECK(pace.sweeps * pace.window * 140 <= 16'384 + rate / 8 / 20);
    CHECK(pace.sweeps * pace.window >= 16);
  }
}

TEST_CASE("something is always in flight") {
  const Pace pace = paceFor(8, 8);
  CHECK(pace.sweeps == 1);
  CHECK(pace.window == 1);
  CHECK(windowOf(pace, 8) == 1);
}
