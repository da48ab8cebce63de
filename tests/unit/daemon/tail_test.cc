#include "daemon/tail.h"

#include <doctest/doctest.h>

using namespace vpclab;

TEST_CASE("what is new in an output") {
  daemon::Tail tail;
  CHECK(tail.take("").empty());
  CHECK(tail.take("one\ntw") == "one\n");
  CHECK(tail.take("one\ntwo\n") == "two\n");
  CHECK(tail.take("one\ntwo\n").empty());
  CHECK(tail.take("two\nthree\nfour\n") != "");  // the beginning has gone meanwhile
  CHECK(tail.take("two\nthree\nfour\nfive\n") == "five\n");
  CHECK(tail.take("other\n") == "other\n");
}

TEST_CASE("what is new in a long output that loses its beginning") {
  daemon::Tail tail;
  std::string all;
  std::string given;
  for (int i = 0; i < 2000; ++i) {
    all += "line " + std::to_string(i) + "\n";
    if (i % 7 == 0) {
      given += tail.take(std::string_view(all).substr(all.size() - std::min<std::size_t>(all.size(), 10'000)));
    }
  }
  given += tail.take(std::string_view(all).substr(all.size() - 10'000));
  CHECK(given == all);
}
