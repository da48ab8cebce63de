#include "daemon/peer_limits.h"

#include <vector>

#include <doctest/doctest.h>

namespace vpclab::daemon {

namespace {

const base::Clock::time_point kNow{};

}  // namespace

TEST_CASE("a user has so many requests under way, and no more until one of them ends") {
  PeerLimits limits;
  std::vector<PeerLimits::Place> places;
  for (std::size_t i = 0; i < PeerLimits::kMaxAtOnce; ++i) {
    auto place = limits.enter(1000, kNow);
    REQUIRE(place.has_value());
    places.push_back(std::move(*place));
  }
  const auto refused = limits.enter(1000, kNow);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind() == base::ErrorKind::kBusy);
  CHECK(refused.error().message() == "uid 1000 has 8 requests under way already; end one of them");
  CHECK(limits.enter(1001, kNow).has_value());
  places.pop_back();
  CHECK(limits.enter(1000, kNow).has_value());
}

TEST_CASE("all users together leave room for root") {
  PeerLimits limits;
  std::vector<PeerLimits::Place> places;
  for (uid_t uid = 1; places.size() < PeerLimits::kMaxOfUsers; ++uid) {
    auto place = limits.enter(uid, kNow);
    REQUIRE(place.has_value());
    places.push_back(std::move(*place));
  }
  CHECK_FALSE(limits.enter(1000, kNow).has_value());
  for (int i = 0; i < 1000; ++i) {
    CHECK(limits.enter(0, kNow).has_value());
  }
}

TEST_CASE("a user who asks too often waits, and others do not") {
  PeerLimits limits;
  for (int i = 0; i < static_cast<int>(PeerLimits::kBurst); ++i) {
    REQUIRE(limits.enter(1000, kNow).has_value());
  }
  const auto refused = limits.enter(1000, kNow);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind() == base::ErrorKind::kLimit);
  CHECK(limits.enter(1001, kNow).has_value());
  const auto later = kNow + std::chrono::milliseconds(static_cast<int>(1000 / PeerLimits::kPerSecond));
  CHECK(limits.enter(1000, later).has_value());
  CHECK_FALSE(limits.enter(1000, later).has_value());
}

}  // namespace vpclab::daemon
