#include "lb/health.h"

#include <doctest/doctest.h>

using namespace vpclab;
using lb::Health;
using lb::HealthState;

TEST_CASE("the first result counts at once; then fall and rise, in a row") {
  state::HealthCheck check;
  check.fall = 2;
  check.rise = 3;
  HealthState health;
  CHECK(health.health() == Health::kUnknown);
  CHECK(health.inTransition());
  CHECK(health.record(true, check));
  CHECK(health.health() == Health::kUp);
  CHECK_FALSE(health.inTransition());
  CHECK(health.untilNext(check) == check.interval);

  CHECK_FALSE(health.record(false, check));
  CHECK(health.inTransition());
  CHECK(health.untilNext(check) == lb::kTransitionInterval);
  CHECK_FALSE(health.record(true, check));  // not in a row
  CHECK_FALSE(health.record(false, check));
  CHECK(health.record(false, check));
  CHECK(health.health() == Health::kDown);
  CHECK_FALSE(health.inTransition());

  CHECK_FALSE(health.record(true, check));
  CHECK_FALSE(health.record(true, check));
  CHECK(health.health() == Health::kDown);
  CHECK(health.record(true, check));
  CHECK(health.health() == Health::kUp);
}

TEST_CASE("a first failure takes it down at once") {
  HealthState health;
  CHECK(health.record(false, {}));
  CHECK(health.health() == Health::kDown);
}
