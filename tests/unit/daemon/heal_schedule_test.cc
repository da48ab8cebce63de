#include "daemon/heal_schedule.h"

#include <doctest/doctest.h>

using namespace vpclab;
using daemon::HealSchedule;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const HealSchedule::Time kStart{std::chrono::hours(1)};

}  // namespace

TEST_CASE("what never broke is never healed") {
  HealSchedule schedule;
  CHECK_FALSE(schedule.due());
  CHECK_FALSE(schedule.isDue(kStart + minutes(100)));
}

TEST_CASE("the first time it is healed at once, also right after the machine's start") {
  HealSchedule schedule;
  schedule.broke(HealSchedule::Time{});
  CHECK(schedule.isDue(HealSchedule::Time{}));
}

TEST_CASE("the first of several ends counts") {
  HealSchedule schedule;
  schedule.broke(kStart);
  schedule.begin(kStart);
  schedule.broke(kStart + seconds(1));
  schedule.broke(kStart + seconds(1) + milliseconds(400));
  CHECK(schedule.due() == kStart + seconds(1) + milliseconds(500));
  CHECK_FALSE(schedule.isDue(kStart + seconds(1) + milliseconds(499)));
  CHECK(schedule.isDue(kStart + seconds(1) + milliseconds(500)));
}

TEST_CASE("healing takes what broke until then with it; what breaks meanwhile is healed again") {
  HealSchedule schedule;
  schedule.broke(kStart);
  schedule.begin(kStart);
  CHECK_FALSE(schedule.due());
  schedule.broke(kStart + milliseconds(10));
  CHECK(schedule.due() == kStart + milliseconds(510));
}

TEST_CASE("while healing fails the pauses double, up to the longest") {
  HealSchedule schedule;
  HealSchedule::Time now = kStart;
  schedule.broke(now);
  milliseconds expected = HealSchedule::kFirstPause;
  for (int attempt = 0; attempt < 12; ++attempt) {
    CAPTURE(attempt);
    REQUIRE(schedule.isDue(now));
    schedule.begin(now);
    schedule.failed(now);
    REQUIRE(schedule.due().has_value());
    CHECK(*schedule.due() - now == expected);
    now = *schedule.due();
    expected = std::min<milliseconds>(expected * 2, HealSchedule::kLongestPause);
  }
  CHECK(expected == HealSchedule::kLongestPause);
}

TEST_CASE("pauses go on doubling where it breaks again soon, and are forgiven after it stayed well") {
  HealSchedule schedule;
  schedule.broke(kStart);
  schedule.begin(kStart);
  schedule.broke(kStart + seconds(1));
  const auto second = *schedule.due();
  CHECK(second == kStart + seconds(1) + milliseconds(500));
  schedule.begin(second);
  schedule.broke(second + seconds(1));
  const auto third = *schedule.due();
  CHECK(third == second + seconds(2));
  schedule.begin(third);
  const auto atTheLimit = third + HealSchedule::kForgiveAfter;
  HealSchedule forgiven = schedule;
  schedule.broke(atTheLimit);
  CHECK(schedule.due() == atTheLimit + seconds(2));
  forgiven.broke(atTheLimit + milliseconds(1));
  CHECK(forgiven.due() == atTheLimit + milliseconds(1));
}

TEST_CASE("a lab that was applied meanwhile is not healed") {
  HealSchedule schedule;
  schedule.broke(kStart);
  schedule.applied();
  CHECK_FALSE(schedule.due());
  schedule.broke(kStart + seconds(1));
  CHECK(schedule.isDue(kStart + seconds(1)));
}
