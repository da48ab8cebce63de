#include "daemon/event_hub.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace vpclab::daemon {

namespace {

base::Deadline now() {
  return base::Deadline::after(base::Milliseconds(0));
}

api::Happening change(const std::string& lab, const std::string& object) {
  api::Happening out;
  out.lab = lab;
  out.what = "change";
  out.object = object;
  return out;
}

}  // namespace

TEST_CASE("each reader gets what happens to its lab, in order and once, from when it came") {
  EventHub hub;
  hub.publish(change("a", "too early"));
  auto one = hub.subscribe("a");
  auto all = hub.subscribe("");
  hub.publish(change("a", "1"));
  hub.publish(change("b", "2"));
  hub.publish(change("a", "3"));
  const auto ofOne = one.take(now());
  REQUIRE(ofOne.size() == 2);
  CHECK(ofOne[0]->object == "1");
  CHECK(ofOne[1]->object == "3");
  CHECK(ofOne[0]->time.size() == std::string("2026-11-25T08:31:07.123Z").size());
  CHECK(all.take(now()).size() == 3);
  CHECK(one.take(now()).empty());
}

TEST_CASE("a hub knows whether anybody follows") {
  EventHub hub;
  CHECK_FALSE(hub.isFollowed());
  {
    const auto one = hub.subscribe("a");
    CHECK(hub.isFollowed());
  }
  CHECK_FALSE(hub.isFollowed());
}

TEST_CASE("a reader that is too slow is told how much it has missed, behind what was kept for it") {
  EventHub hub;
  auto slow = hub.subscribe("");
  auto quick = hub.subscribe("");
  for (std::size_t i = 0; i < EventHub::kMaxQueued + 17; ++i) {
    hub.publish(change("a", std::to_string(i)));
    REQUIRE(quick.take(now()).size() == 1);
  }
  auto got = slow.take(now());
  REQUIRE(got.size() == EventHub::kMaxQueued + 1);
  CHECK(got[EventHub::kMaxQueued - 1]->object == std::to_string(EventHub::kMaxQueued - 1));
  CHECK(got.back()->what == "missed");
  CHECK(got.back()->count == 17);
  // From there on nothing is missing.
  hub.publish(change("a", "next"));
  got = slow.take(now());
  REQUIRE(got.size() == 1);
  CHECK(got[0]->object == "next");
}

TEST_CASE("no text of a happening is longer than it may be, and none ends within a character") {
  EventHub hub;
  auto reader = hub.subscribe("");
  std::string text = "x";
  while (text.size() < 3 * EventHub::kMaxText) {
    text += "北";
  }
  hub.publish(change("a", text));
  const auto got = reader.take(now());
  REQUIRE(got.size() == 1);
  CHECK(got[0]->object.size() <= EventHub::kMaxText + 3);
  CHECK(base::isValidUtf8(got[0]->object));
}

TEST_CASE("a time is told in UTC, to the millisecond") {
  CHECK(timeText(1'764'059'467'042) == "2025-11-25T08:31:07.042Z");
  CHECK(timeText(0) == "1970-01-01T00:00:00.000Z");
}

}  // namespace vpclab::daemon
