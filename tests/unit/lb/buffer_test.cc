#include "lb/buffer.h"

#include <string>

#include <doctest/doctest.h>

using namespace vpclab;
using lb::Buffer;
using lb::BufferPool;

namespace {

constexpr std::size_t kSmall = 1000;

std::shared_ptr<BufferPool> makePool() {
  return std::make_shared<BufferPool>(kSmall);
}

void fill(Buffer& buffer) {
  REQUIRE(buffer.append(std::string(buffer.space(), 'x')));
}

}  // namespace

TEST_CASE("a buffer that was full and is empty goes on with a large block, until it gives it back") {
  Buffer buffer(makePool());
  CHECK(buffer.append("short"));
  buffer.clear();
  CHECK(buffer.space() == kSmall);
  fill(buffer);
  CHECK_FALSE(buffer.append("x"));
  buffer.consume(kSmall - 3);
  CHECK(buffer.data() == "xxx");  // what is left stays where it is
  CHECK(buffer.space() == 0);
  buffer.consume(3);
  buffer.clear();
  CHECK(buffer.space() == BufferPool::kLargeBytes);
  fill(buffer);
  buffer.clear();
  CHECK(buffer.space() == BufferPool::kLargeBytes);
  CHECK(buffer.append("short"));
  buffer.release();
  CHECK(buffer.space() == kSmall);
  CHECK(buffer.append("short"));
  CHECK(buffer.space() == kSmall - 5);
}

TEST_CASE("so many large blocks are in use at the same time, and no more") {
  const auto pool = makePool();
  std::vector<std::unique_ptr<Buffer>> buffers;
  const auto makeFull = [&] {
    auto& buffer = *buffers.emplace_back(std::make_unique<Buffer>(pool));
    fill(buffer);
    buffer.clear();
    return buffer.space();
  };
  for (std::size_t i = 0; i < BufferPool::kMostLarge; ++i) {
    REQUIRE(makeFull() == BufferPool::kLargeBytes);
  }
  CHECK(makeFull() == kSmall);
  buffers.front()->release();
  CHECK(makeFull() == BufferPool::kLargeBytes);
  CHECK(makeFull() == kSmall);
}

TEST_CASE("where blocks are that large anyway there are no others") {
  Buffer buffer(std::make_shared<BufferPool>(BufferPool::kLargeBytes + 1));
  fill(buffer);
  buffer.clear();
  CHECK(buffer.space() == BufferPool::kLargeBytes + 1);
}
