#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace vpclab::lb {

// A piece of memory, and how much it is.
struct Block {
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
};

// Blocks of one size, kept for reuse, and a limited number of large ones for who moves much. What waits for its next
// request holds none.
class BufferPool {
 public:
  static constexpr std::size_t kLargeBytes = 128 * 1024;
  static constexpr std::size_t kMostLarge = 256;  // in use at the same time

  explicit BufferPool(std::size_t blockBytes) : blockBytes_(blockBytes) {}
  std::size_t blockBytes() const { return blockBytes_; }

  Block take() { return takeFrom(free_, blockBytes_); }
  // None: there are enough of them in use already, or they would be no larger than the others.
  Block takeLarge() {
    if (large_ == kMostLarge || kLargeBytes <= blockBytes_) {
      return {};
    }
    ++large_;
    return takeFrom(freeLarge_, kLargeBytes);
  }
  void give(Block block) {
    const bool large = block.size != blockBytes_;
    large_ -= large ? 1 : 0;
    auto& free = large ? freeLarge_ : free_;
    if (free.size() < (large ? kMostFreeLarge : kMostFree)) {
      free.push_back(std::move(block));
    }
  }

 private:
  static constexpr std::size_t kMostFree = 256;
  static constexpr std::size_t kMostFreeLarge = 64;

  static Block takeFrom(std::vector<Block>& free, std::size_t size) {
    if (free.empty()) {
      return {std::unique_ptr<char[]>(new char[size]), size};
    }
    Block block = std::move(free.back());
    free.pop_back();
    return block;
  }

  std::size_t blockBytes_;
  std::size_t large_ = 0;  // in use
  std::vector<Block> free_;
  std::vector<Block> freeLarge_;
};

// Bytes between two sockets: filled at the back, consumed at the front, never more than one block. One that has been
// full goes on with a large block once it is empty: a long body costs a quarter of the system calls that way, and a
// quarter less of the processor.
class Buffer {
 public:
  explicit Buffer(std::shared_ptr<BufferPool> pool) : pool_(std::move(pool)) {}
  ~Buffer() { release(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::string_view data() const { return {block_.bytes.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::size_t consumed() const { return begin_; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  // Undoes every consume() since the last compact() or clear().
  void rewind() { begin_ = 0; }

  // Space at the back, after compact().
  std::size_t space() const { return (block_.bytes ? block_.size : pool_->blockBytes()) - end_; }
  // Where to write; takes a block if there is none yet.
  char* back() {
    if (!block_.bytes) {
      block_ = pool_->take();
    }
    return block_.bytes.get() + end_;
  }
  void commit(std::size_t bytes) {
    end_ += bytes;
    wasFull_ = wasFull_ || end_ == block_.size;
  }
  // False, and nothing appended, if there is no room.
  bool append(std::string_view text) {
    if (text.size() > space()) {
      return false;
    }
    std::memcpy(back(), text.data(), text.size());
    commit(text.size());
    return true;
  }
  // Moves what is left to the front.
  void compact() {
    if (begin_ > 0) {
      std::memmove(block_.bytes.get(), block_.bytes.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
  }
  void clear() {
    begin_ = end_ = 0;
    if (wasFull_) {
      wasFull_ = false;
      grow();
    }
  }
  // Gives the block back; what is in it is lost.
  void release() {
    begin_ = end_ = 0;
    wasFull_ = false;
    if (block_.bytes) {
      pool_->give(std::exchange(block_, {}));
    }
  }
  // Continues with other blocks, e.g. of another size. Only while it is empty.
  void usePool(const std::shared_ptr<BufferPool>& pool) {
    if (pool != pool_) {
      release();
      pool_ = pool;
    }
  }

 private:
  void grow() {
    if (block_.size != pool_->blockBytes()) {
      return;
    }
    if (Block large = pool_->takeLarge(); large.bytes) {
      pool_->give(std::exchange(block_, std::move(large)));
    }
  }

  std::shared_ptr<BufferPool> pool_;
  Block block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool wasFull_ = false;  // since it was empty
};

}  // namespace vpclab::lb
