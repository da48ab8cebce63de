#include "keeper/backoff.h"

#include <doctest/doctest.h>

using vpclab::base::Milliseconds;
using vpclab::keeper::Backoff;

TEST_CASE("100 ms, doubling to 10 s, from the beginning after a stable run") {
  Backoff backoff;
  for (const int expected : {100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000}) {
    CHECK(backoff.next(Milliseconds(5)) == Milliseconds(expected));
  }
  CHECK(backoff.next(Milliseconds(10'000)) == Milliseconds(100));
  CHECK(backoff.next(Milliseconds(9'999)) == Milliseconds(200));
}
