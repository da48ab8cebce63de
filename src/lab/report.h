#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/diagnostic.h"

namespace vpclab::lab {

using base::SourcePos;

// Collects what is wrong. Bounded: a hostile file can hold more mistakes than anybody reads, so past a limit error()
// throws TooMany, which load() catches.
class Report {
 public:
  struct TooMany {};

  void error(const SourcePos& pos, std::string message, std::string hint = "");
  void warning(const SourcePos& pos, std::string message, std::string hint = "");
  bool hasErrors() const { return errors_ > 0; }

  // "did you mean "x"?", or nothing. Costs are bounded over the whole load.
  std::string suggest(std::string_view word, std::span<const std::string_view> candidates);

  // All of them, sorted by place, each once.
  base::Diagnostics take();

 private:
  base::Diagnostics diagnostics_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
  std::size_t suggestBudget_ = 50'000'000;  // cells of edit distance tables
};

// Text from the file, safe to print: in quotes, shortened, without control characters.
std::string quote(std::string_view text);

// "a", "b" or "c"
std::string listed(std::span<const std::string_view> words, std::string_view lastSeparator = "or");

}  // namespace vpclab::lab
