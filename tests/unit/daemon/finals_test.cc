#include "daemon/finals.h"

#include <new>

#include <doctest/doctest.h>

using namespace vpclab;

TEST_CASE("what an operation throws is its failure") {
  const auto final = daemon::resultOf([]() -> api::Final { throw std::bad_alloc(); });
  CHECK(final.exit == api::Exit::kFailed);
  REQUIRE(final.errors.size() == 1);
  CHECK(final.errors[0] == "the daemon could not go on: std::bad_alloc");
  CHECK(daemon::resultOf([] { return api::Final{api::Exit::kDifferences}; }).exit == api::Exit::kDifferences);
}
