#include "daemon/registry.h"

#include <thread>

#include <doctest/doctest.h>

namespace vpclab::daemon {

using base::Deadline;
using base::Milliseconds;

TEST_CASE("a second operation on one lab waits, then is told who has it") {
  Registry registry;
  auto first = registry.acquire("a", "apply", 17, Deadline::after(Milliseconds(0)));
  REQUIRE(first.has_value());
  const auto second = registry.acquire("a", "down", 18, Deadline::after(Milliseconds(20)));
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind() == base::ErrorKind::kBusy);
  CHECK(second.error().message().find("lab a is busy: `apply` by pid 17 since ") != std::string::npos);
  // Another lab is free.
  CHECK(registry.acquire("b", "down", 18, Deadline::after(Milliseconds(0))).has_value());
}

TEST_CASE("who waits gets the lab as soon as it is free") {
  Registry registry;
  auto first = std::make_unique<Registry::Hold>(*registry.acquire("a", "apply", 1, Deadline::after(Milliseconds(0))));
  CHECK_FALSE(registry.isAwaited("a"));
  std::thread releaser([&] {
    while (!registry.isAwaited("a")) {
      std::this_thread::sleep_for(Milliseconds(1));
    }
    CHECK_FALSE(registry.isAwaited("b"));
    first.reset();
  });
  const auto second = registry.acquire("a", "down", 2, Deadline::after(Milliseconds(10'000)));
  releaser.join();
  CHECK(second.has_value());
  CHECK_FALSE(registry.isAwaited("a"));
}

TEST_CASE("a closed registry gives nothing out, and closes only when nobody works") {
  Registry registry;
  {
    const auto hold = registry.acquire("a", "apply", 1, Deadline::after(Milliseconds(0)));
    CHECK_FALSE(registry.close(0));
  }
  CHECK(registry.close(0));
  const auto late = registry.acquire("a", "apply", 1, Deadline::after(Milliseconds(0)));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().kind() == base::ErrorKind::kCancelled);
  CHECK(late.error().message().find("ending") != std::string::npos);
}

}  // namespace vpclab::daemon
