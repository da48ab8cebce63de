#include "daemon/flip_watch.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace vpclab::daemon {

using nlohmann::json;

namespace {

json flip(std::uint64_t when, const char* backend, const char* state) {
  return {{"unixMs", when}, {"pool", ""}, {"backend", backend}, {"state", state}, {"reason", "because"}};
}

json status(const std::vector<json>& flips) {
  return {{"listeners", json::array({{{"name", "web"}, {"flips", flips}}})}};
}

}  // namespace

TEST_CASE("each flip is told once, in order of time, and what was before is not") {
  FlipWatch watch(100);
  auto told = watch.take("a", "lb", status({flip(99, "1", "up"), flip(101, "2", "down"), flip(100, "1", "down")}));
  REQUIRE(told.size() == 2);
  CHECK(told[0].object == "backend web/1 of lb");
  CHECK(told[0].action == "down");
  CHECK(told[0].reason == "because");
  CHECK(told[0].time == "1970-01-01T00:00:00.100Z");
  CHECK(told[1].object == "backend web/2 of lb");
  CHECK(watch.take("a", "lb", status({flip(101, "2", "down"), flip(100, "1", "down")})).empty());
  // Another one in the same millisecond; the oldest have gone from the worker's list.
  told = watch.take("a", "lb", status({flip(101, "2", "down"), flip(101, "3", "down")}));
  REQUIRE(told.size() == 1);
  CHECK(told[0].object == "backend web/3 of lb");
  // Another balancer's are its own.
  CHECK(watch.take("a", "other", status({flip(101, "2", "down")})).size() == 1);
}

TEST_CASE("an answer of any other form has no flips") {
  FlipWatch watch(0);
  for (const char* text :
       {"null", "7", "{}", R"({"listeners":7})", R"({"listeners":[7,{"flips":{}},{"flips":[7,{},{"unixMs":"x"}]}]})"}) {
    CAPTURE(text);
    CHECK(watch.take("a", "lb", json::parse(text)).empty());
  }
}

}  // namespace vpclab::daemon
