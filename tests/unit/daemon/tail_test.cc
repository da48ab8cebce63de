#include "daemon/tail.h"

#include <doctest/doctest.h>

using namespace vpclab;

TEST_CASE("what is new in an output") {
  daemon::Tail tail;
  CHECK(tail.take("", 0).empty());
  CHECK(tail.take("one\ntw", 6) == "one\n");
  CHECK(tail.take("one\ntwo\n", 8) == "two\n");
  CHECK(tail.take("one\ntwo\n", 8).empty());
  CHECK(tail.take("two\nthree\nfour\n", 19) == "three\nfour\n");  // the beginning has gone meanwhile
  CHECK(tail.take("six\n", 28) == "six\n");                       // and so has what was between
  CHECK(tail.take("other\n", 6) == "other\n");                    // of another process
}

TEST_CASE("a line that comes again and again is new each time") {
  daemon::Tail tail;
  CHECK(tail.take("alive\n", 6) == "alive\n");
  CHECK(tail.take("alive\nalive\n", 12) == "alive\n");
  CHECK(tail.take("alive\nalive\n", 24) == "alive\nalive\n");
}

TEST_CASE("what is new in a long output that loses its beginning") {
  daemon::Tail tail;
  std::string all;
  std::string given;
  const auto look = [&] {
    given +=
        tail.take(std::string_view(all).substr(all.size() - std::min<std::size_t>(all.size(), 10'000)), all.size());
  };
  for (int i = 0; i < 2000; ++i) {
    all += "line " + std::to_string(i) + "\n";
    if (i % 7 == 0) {
      look();
    }
  }
  look();
  CHECK(given == all);
}
