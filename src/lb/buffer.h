#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace vpclab::lb {

// Blocks of one size, kept for reuse. What waits for its next request holds none.
class BufferPool {
 public:
  explicit BufferPool(std::size_t blockBytes) : blockBytes_(blockBytes) {}
  std::size_t blockBytes() const { return blockBytes_; }

  std::unique_ptr<char[]> take() {
    if (free_.empty()) {
      return std::unique_ptr<char[]>(new char[blockBytes_]);
    }
    auto block = std::move(free_.back());
    free_.pop_back();
    return block;
  }
  void give(std::unique_ptr<char[]> block) {
    if (free_.size() < kMaxFree) {
      free_.push_back(std::move(block));
    }
  }

 private:
  static constexpr std::size_t kMaxFree = 256;
  std::size_t blockBytes_;
  std::vector<std::unique_ptr<char[]>> free_;
};

// Bytes between two sockets: filled at the back, consumed at the front, never more than one block.
class Buffer {
 public:
  explicit Buffer(std::shared_ptr<BufferPool> pool) : pool_(std::move(pool)) {}
  ~Buffer() { release(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::string_view data() const { return {block_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::size_t consumed() const { return begin_; }
  void consume(std::size_t bytes) { begin_ += bytes; }
  // Undoes every consume() since the last compact() or clear().
  void rewind() { begin_ = 0; }

  // Space at the back, after compact().
  std::size_t space() const { return pool_->blockBytes() - end_; }
  // Where to write; takes a block if there is none yet.
  char* back() {
    if (!block_) {
      block_ = pool_->take();
    }
    return block_.get() + end_;
  }
  void commit(std::size_t bytes) { end_ += bytes; }
  // False, and nothing appended, if there is no room.
  bool append(std::string_view text) {
    if (text.size() > space()) {
      return false;
    }
    std::memcpy(back(), text.data(), text.size());
    end_ += text.size();
    return true;
  }
  // Moves what is left to the front.
  void compact() {
    if (begin_ > 0) {
      std::memmove(block_.get(), block_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
  }
  void clear() { begin_ = end_ = 0; }
  // Gives the block back; what is in it is lost.
  void release() {
    clear();
    if (block_) {
      pool_->give(std::move(block_));
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
  std::shared_ptr<BufferPool> pool_;
  std::unique_ptr<char[]> block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace vpclab::lb
