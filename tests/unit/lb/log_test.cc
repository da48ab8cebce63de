#include "lb/log.h"

#include <array>
#include <string>

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/unique_fd.h"

using namespace vpclab;
using std::chrono::milliseconds;

namespace {

struct Pipe {
  base::UniqueFd out;
  base::UniqueFd in;
};

Pipe makePipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

}  // namespace

TEST_CASE("a line alone is written at once, those behind it together a moment later") {
  const Pipe pipe = makePipe();
  const lb::LogSink ends(pipe.out.get());  // makes the reading end non-blocking, too
  lb::LogSink log(pipe.in.get());
  const auto written = [&] {
    std::array<char, 65536> text{};
    const ssize_t n = ::read(pipe.out.get(), text.data(), text.size());
    return std::string(text.data(), static_cast<std::size_t>(n > 0 ? n : 0));
  };
  const auto start = base::Clock::now();
  CHECK_FALSE(log.flushIfDue(start));
  log.line("first");
  CHECK_FALSE(log.flushIfDue(start));
  CHECK(written() == "first\n");
  log.line("second");
  const auto due = log.flushIfDue(start + milliseconds(1));
  REQUIRE(due);
  CHECK(*due == start + milliseconds(10));
  log.line("third\x1b");
  CHECK(log.flushIfDue(start + milliseconds(2)) == due);
  CHECK(written().empty());
  CHECK_FALSE(log.flushIfDue(*due));
  CHECK(written() == "second\nthird\\x1b\n");
  for (int i = 0; i < 20; ++i) {
    log.line(std::string(999, 'x'));
  }
  CHECK_FALSE(log.flushIfDue(*due + milliseconds(1)));  // much: at once
  CHECK(written().size() == 20'000);
}
