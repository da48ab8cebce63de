#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vpclab::keeper {

// The last output of a process. When it is full the oldest lines go, whole ones as far as there are any.
class OutputRing {
 public:
  static constexpr std::size_t kDefaultBytes = 256U << 10U;

  explicit OutputRing(std::size_t maxBytes = kDefaultBytes) : maxBytes_(maxBytes) {}

  void append(std::string_view bytes);
  const std::string& text() const { return text_; }
  // How many bytes were appended ever: where the text ends.
  std::uint64_t end() const { return end_; }
  // The last line that is not empty, for an error message; at most 512 bytes of it.
  std::string lastLine() const;

 private:
  std::size_t maxBytes_;
  std::string text_;
  std::uint64_t end_ = 0;
};

}  // namespace vpclab::keeper
