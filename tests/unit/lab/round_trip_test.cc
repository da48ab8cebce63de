#include "lab/round_trip.h"

#include <doctest/doctest.h>

using namespace vpclab::lab;
using namespace std::chrono_literals;

TEST_CASE("what a lab's lines delay a question and its answer by, at most") {
  Lab lab;
  CHECK(delayOfRoundTrip(lab) == 0ms);
  lab.servers["near"].line.rate = 1'000'000;
  CHECK(delayOfRoundTrip(lab) == 0ms);
  lab.servers["a"].line.delay = 20'000;
  CHECK(delayOfRoundTrip(lab) == 40ms);
  // A way has two ends: the slowest two.
  lab.servers["b"].line = {0, 30'000, 5'000};
  lab.servers["c"].line.delay = 1'000;
  CHECK(delayOfRoundTrip(lab) == 2 * (35ms + 20ms));
  lab.eips["e"].line.delay = 100'000;
  lab.sdwans["w"].accessPoints.resize(2);
  for (auto& point : lab.sdwans["w"].accessPoints) {
    point.line.delay = 300'000;
  }
  CHECK(delayOfRoundTrip(lab) == 2 * (35ms + 20ms + 100ms + 300ms + 300ms));
  // Never too short by rounding.
  lab.servers["d"].line.delay = 35'001;
  CHECK(delayOfRoundTrip(lab) == 2 * (35ms + 35ms + 100ms + 300ms + 300ms) + 1ms);
}

TEST_CASE("how likely a lab's lines lose a question or its answer, at most") {
  Lab lab;
  CHECK(lossOfRoundTrip(lab) == doctest::Approx(0));
  lab.servers["a"].line.lossPerMillion = 100'000;
  CHECK(lossOfRoundTrip(lab) == doctest::Approx(1 - 0.9 * 0.9));
  // A way has two ends: the worst two.
  lab.servers["b"].line.lossPerMillion = 200'000;
  lab.servers["c"].line.lossPerMillion = 50'000;
  CHECK(lossOfRoundTrip(lab) == doctest::Approx(1 - 0.9 * 0.9 * 0.8 * 0.8));
  lab.sdwans["w"].accessPoints.resize(1);
  lab.sdwans["w"].accessPoints[0].line.lossPerMillion = 500'000;
  CHECK(lossOfRoundTrip(lab) == doctest::Approx(1 - 0.9 * 0.9 * 0.8 * 0.8 * 0.25));
}

TEST_CASE("what an EIP's leg loses is not lost between servers") {
  Lab lab;
  lab.eips["e"].line.lossPerMillion = 500'000;
  CHECK(lossOfRoundTrip(lab) == doctest::Approx(0));
}

TEST_CASE("a line that lets nothing pass says nothing of the others") {
  Lab lab;
  lab.servers["a"].line.lossPerMillion = 1'000'000;
  CHECK(lossOfRoundTrip(lab) == doctest::Approx(0));
  lab.servers["b"].line.lossPerMillion = 100'000;
  CHECK(lossOfRoundTrip(lab) == doctest::Approx(1 - 0.9 * 0.9));
}

TEST_CASE("the slowest line that many servers share is an access point's") {
  Lab lab;
  lab.eips["e"].line.rate = 8'000;
  lab.servers["a"].line.rate = 8'000;
  CHECK(lowestSharedRate(lab) == 0);
  lab.sdwans["w"].accessPoints.resize(3);
  CHECK(lowestSharedRate(lab) == 0);
  lab.sdwans["w"].accessPoints[1].line.rate = 2'000'000;
  lab.sdwans["w"].accessPoints[2].line.rate = 1'000'000;
  CHECK(lowestSharedRate(lab) == 1'000'000);
}
