#include "keeper/output_ring.h"

#include <doctest/doctest.h>

using vpclab::keeper::OutputRing;

TEST_CASE("keeps all that fits") {
  OutputRing ring(64);
  ring.append("one\n");
  ring.append("two");
  CHECK(ring.text() == "one\ntwo");
  CHECK(ring.lastLine() == "two");
}

TEST_CASE("drops whole lines from the front, never more than the limit") {
  OutputRing ring(64);
  for (int i = 100; i < 200; ++i) {
    ring.append("line " + std::to_string(i) + "\n");
    CHECK(ring.text().size() <= 64);
    CHECK(ring.text().starts_with("line "));
  }
  CHECK(ring.text().ends_with("line 199\n"));
  CHECK(ring.lastLine() == "line 199");
}

TEST_CASE("one piece larger than the ring leaves its end") {
  OutputRing ring(8);
  ring.append("before\n");
  ring.append("0123456789abcdef");
  CHECK(ring.text() == "89abcdef");
}

TEST_CASE("a last line is safe to print and short") {
  OutputRing ring;
  CHECK(ring.lastLine().empty());
  ring.append(std::string(5000, 'x') + "\n\n");
  CHECK(ring.lastLine().size() == 512);
  ring.append("\x1b[2J\n");
  CHECK(ring.lastLine().find('\x1b') == std::string::npos);
}
