#include "lb/health.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace vpclab;
using lb::Health;
using lb::HealthState;
using std::chrono::milliseconds;

namespace {

const base::Clock::time_point kStart{std::chrono::hours(1)};

// One result, or a look anew, at a time after kStart; what holds after it.
struct Step {
  enum What { kFails, kSucceeds, kChange } what;
  int atMs;
  Health health;
  int nextMs;  // until the next check
};

struct History {
  std::string name;
  std::vector<Step> steps;
};

constexpr int kPace = 200;
constexpr int kSlow = 10'000;  // the interval
using enum Step::What;
using enum Health;

}  // namespace

TEST_CASE("histories of checks, with fall 2 and rise 3") {
  const std::vector<History> histories = {
      {"the first result counts at once", {{kSucceeds, 0, kUp, kSlow}}},
      {"without a look anew a first failure is looked at again after the interval", {{kFails, 0, kDown, kSlow}}},
      {"fall and rise are in a row",
       {{kSucceeds, 0, kUp, kSlow},
        {kFails, 1, kUp, kPace},
        {kSucceeds, 2, kUp, kSlow},
        {kFails, 3, kUp, kPace},
        {kFails, 4, kDown, kSlow},
        {kSucceeds, 5, kDown, kPace},
        {kFails, 6, kDown, kSlow},
        {kSucceeds, 7, kDown, kPace},
        {kSucceeds, 8, kDown, kPace},
        {kSucceeds, 9, kUp, kSlow}}},
      {"a new one is checked fast until its first success, which brings it up",
       {{kChange, 0, kUnknown, kPace},
        {kFails, 0, kDown, kPace},
        {kFails, 200, kDown, kPace},
        {kFails, 9'999, kDown, kPace},
        {kSucceeds, 9'999, kUp, kSlow}}},
      {"the span ends: the interval and rise count",
       {{kChange, 0, kUnknown, kPace},
        {kFails, 0, kDown, kPace},
        {kFails, 10'000, kDown, kSlow},
        {kSucceeds, 20'000, kDown, kPace},
        {kSucceeds, 20'200, kDown, kPace},
        {kSucceeds, 20'400, kUp, kSlow}}},
      {"a change begins the span anew",
       {{kChange, 0, kUnknown, kPace},
        {kFails, 0, kDown, kPace},
        {kFails, 10'000, kDown, kSlow},
        {kChange, 15'000, kDown, kPace},
        {kFails, 24'999, kDown, kPace},
        {kSucceeds, 24'999, kUp, kSlow}}},
      {"one that has been up still takes fall and rise, at the fast pace after a change",
       {{kChange, 0, kUnknown, kPace},
        {kSucceeds, 0, kUp, kSlow},
        {kChange, 60'000, kUp, kSlow},
        {kFails, 60'000, kUp, kPace},
        {kFails, 60'200, kDown, kPace},
        {kSucceeds, 60'400, kDown, kPace},
        {kSucceeds, 60'600, kDown, kPace},
        {kFails, 60'800, kDown, kPace},
        {kFails, 70'000, kDown, kSlow}}},
  };
  state::HealthCheck check;
  check.fall = 2;
  check.rise = 3;
  for (const auto& history : histories) {
    HealthState state;
    for (std::size_t i = 0; i < history.steps.size(); ++i) {
      const Step& step = history.steps[i];
      CAPTURE(history.name);
      CAPTURE(i);
      const auto now = kStart + milliseconds(step.atMs);
      const auto before = state.health();
      if (step.what == kChange) {
        state.lookAnew(now);
      } else {
        CHECK(state.record(step.what == kSucceeds, check, now) == (before != step.health));
      }
      CHECK(state.health() == step.health);
      CHECK(state.untilNext(check, now).count() == step.nextMs);
    }
  }
}

TEST_CASE("an interval shorter than the pace of a transition stays") {
  state::HealthCheck check;
  check.interval = milliseconds(50);
  HealthState state;
  state.lookAnew(kStart);
  CHECK(state.record(false, check, kStart));
  CHECK(state.untilNext(check, kStart) == check.interval);
}

TEST_CASE("a router's word stands for a minute of silence, until something else is found or changes") {
  using lb::Finding;
  const auto at = [](int seconds) { return kStart + std::chrono::seconds(seconds); };
  HealthState state;
  CHECK(state.explains(Finding::kSilence, at(0)));
  CHECK(state.explains(Finding::kUnreachable, at(1)));
  CHECK_FALSE(state.explains(Finding::kSilence, at(2)));
  CHECK_FALSE(state.explains(Finding::kSilence, at(60)));
  CHECK(state.explains(Finding::kSilence, at(61)));
  CHECK(state.explains(Finding::kUnreachable, at(62)));
  CHECK(state.explains(Finding::kUnreachable, at(100)));
  CHECK_FALSE(state.explains(Finding::kSilence, at(150)));
  for (const Finding other : {Finding::kFailure, Finding::kSuccess}) {
    CHECK(state.explains(Finding::kUnreachable, at(200)));
    CHECK(state.explains(other, at(201)));
    CHECK(state.explains(Finding::kSilence, at(202)));
  }
  CHECK(state.explains(Finding::kUnreachable, at(300)));
  state.lookAnew(at(301));
  CHECK(state.explains(Finding::kSilence, at(302)));
}
