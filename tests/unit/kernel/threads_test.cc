#include "kernel/threads.h"

#include <atomic>
#include <new>
#include <stdexcept>

#include <doctest/doctest.h>

using namespace vpclab;

TEST_CASE("each job is done once") {
  std::atomic<int> sum{0};
  CHECK(kernel::onThreads(100, [&](std::size_t i) { sum += static_cast<int>(i); }));
  CHECK(sum == 4950);
  CHECK(kernel::onThreads(0, [&](std::size_t) { sum = 0; }));
  CHECK(sum == 4950);
}

TEST_CASE("a job that throws is an error of the whole, and not the end of the process") {
  std::atomic<int> begun{0};
  const auto ran = kernel::onThreads(20, [&](std::size_t i) {
    ++begun;
    if (i == 7) {
      throw std::out_of_range("no such place");
    }
  });
  REQUIRE_FALSE(ran);
  CHECK(ran.error().kind() == base::ErrorKind::kInternal);
  CHECK(ran.error().message().find("no such place") != std::string::npos);
  CHECK(begun == 20);
  CHECK_FALSE(kernel::onThreads(1, [](std::size_t) { throw std::bad_alloc(); }));
}
