#include "lb/event_loop.h"

#include <vector>

#include <doctest/doctest.h>

using namespace vpclab;
using base::Clock;
using std::chrono::milliseconds;

TEST_CASE("timers fire in their time, once, never early") {
  auto loop = *lb::EventLoop::create();
  const auto start = Clock::now();
  std::vector<int> fired;
  bool early = false;
  const auto note = [&](int number, int due) {
    fired.push_back(number);
    early = early || Clock::now() < start + milliseconds(due);
  };
  lb::Timer first(*loop, [&] { note(1, 30); });
  lb::Timer second(*loop, [&] { note(2, 90); });
  lb::Timer moved(*loop, [&] { note(3, 150); });
  lb::Timer stopped(*loop, [&] { note(4, 0); });
  second.startAt(start + milliseconds(90));
  first.startAt(start + milliseconds(30));
  moved.startAt(start + milliseconds(20));
  moved.startAt(start + milliseconds(150));
  stopped.startAt(start + milliseconds(40));
  stopped.stop();
  while (Clock::now() < start + milliseconds(250)) {
    REQUIRE(loop->runOnce(milliseconds(20)));
  }
  CHECK(fired == std::vector<int>{1, 2, 3});
  CHECK_FALSE(early);
}

TEST_CASE("a timer farther away than a turn of the wheel does not fire with the first") {
  auto loop = *lb::EventLoop::create();
  bool fired = false;
  lb::Timer far(*loop, [&] { fired = true; });
  far.startIn(milliseconds(10'240 + 30));
  const auto start = Clock::now();
  while (Clock::now() < start + milliseconds(120)) {
    REQUIRE(loop->runOnce(milliseconds(20)));
  }
  CHECK_FALSE(fired);
  CHECK(far.running());
}

TEST_CASE("a timer may start itself and stop others while it fires") {
  auto loop = *lb::EventLoop::create();
  int count = 0;
  lb::Timer other(*loop, [&] { count += 100; });
  lb::Timer again(*loop, [&] {
    other.stop();
    ++count;
    if (count < 3) {
      again.startIn(milliseconds(0));
    }
  });
  again.startIn(milliseconds(10));
  other.startIn(milliseconds(10));
  again.stop();
  again.startIn(milliseconds(5));
  const auto start = Clock::now();
  while (Clock::now() < start + milliseconds(150)) {
    REQUIRE(loop->runOnce(milliseconds(10)));
  }
  CHECK((count == 3 || count == 103));
}
