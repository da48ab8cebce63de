#include "check/patience.h"

#include <doctest/doctest.h>

using namespace vpclab::check;
using namespace std::chrono_literals;

TEST_CASE("every probe waits longer by what the lab's lines may delay it") {
  const auto slow = [](Job job) { return withPatience(std::move(job), 1200ms); };
  CHECK(std::get<PingJob>(slow(PingJob{})).timeout == PingJob{}.timeout + 1200ms);
  CHECK(std::get<PathJob>(slow(PathJob{})).timeout == PathJob{}.timeout + 1200ms);
  CHECK(std::get<SweepJob>(slow(SweepJob{})).timeout == SweepJob{}.timeout + 1200ms);
  CHECK(std::get<StreamJob>(slow(StreamJob{})).deadline > StreamJob{}.deadline + 1200ms);
  // Hello, and then in each direction twice as long as a packet takes.
  CHECK(std::get<CountJob>(slow(CountJob{})).deadline >= CountJob{}.deadline + 5 * 1200ms);
  HttpJob connection;
  connection.connectOnly = true;
  CHECK(std::get<HttpJob>(slow(connection)).timeout == connection.timeout + 1200ms);
  CHECK(std::get<HttpJob>(slow(HttpJob{})).timeout >= HttpJob{}.timeout + 2 * 1200ms);
}

TEST_CASE("a ping that goes on until it is answered ends when it ends; the others' requests all have their time") {
  PingJob job;
  CHECK(std::get<PingJob>(withPatience(job, 500ms)).deadline == job.deadline + 500ms);
  job.untilAnswered = true;
  CHECK(std::get<PingJob>(withPatience(job, 500ms)).deadline == job.deadline);
}

TEST_CASE("without slow lines nothing changes, and no probe waits longer than any may") {
  CHECK(withPatience(HttpJob{}, 0ms) == Job(HttpJob{}));
  CHECK(std::get<PingJob>(withPatience(PingJob{}, 24h)).timeout == kMaxWait);
  CHECK(longestPatience(24h) <= 10 * kMaxWait);
}

TEST_CASE("a sweep asks as often as the lab's lines make it necessary") {
  CHECK(triesFor(0) == SweepJob{}.tries);
  CHECK(triesFor(1e-6) == 2);
  CHECK(triesFor(0.19) == 13);  // 10% on a line; 0.19^12 is 2e-9
  CHECK(triesFor(0.5) == 30);
  CHECK(triesFor(0.99) == kMaxSweepTries);
  CHECK(triesFor(1) == 2);
}
