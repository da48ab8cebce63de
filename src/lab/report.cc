#include "lab/report.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace vpclab::lab {
namespace {

constexpr std::size_t kMaxErrors = 1000;
constexpr std::size_t kMaxWarnings = 1000;
constexpr std::size_t kMaxQuoted = 80;  // bytes

}  // namespace

void Report::error(const SourcePos& pos, std::string message, std::string hint) {
  if (errors_ == kMaxErrors) {
    throw TooMany();
  }
  ++errors_;
  diagnostics_.push_back({base::Severity::kError, pos, std::move(message), std::move(hint)});
}

void Report::warning(const SourcePos& pos, std::string message, std::string hint) {
  if (warnings_ < kMaxWarnings) {
    ++warnings_;
    diagnostics_.push_back({base::Severity::kWarning, pos, std::move(message), std::move(hint)});
  }
}

std::string Report::suggest(std::string_view word, std::span<const std::string_view> candidates) {
  std::size_t cost = 0;
  for (const auto candidate : candidates) {
    cost += (word.size() + 1) * (candidate.size() + 1);
    if (cost > suggestBudget_) {
      return "";
    }
  }
  suggestBudget_ -= cost;
  const std::string best = base::nearest(word, candidates);
  return best.empty() ? "" : "did you mean " + quote(best) + "?";
}

base::Diagnostics Report::take() {
  const auto key = [](const base::Diagnostic& d) { return std::tie(d.pos, d.severity, d.message, d.hint); };
  std::sort(diagnostics_.begin(), diagnostics_.end(),
            [&](const base::Diagnostic& a, const base::Diagnostic& b) { return key(a) < key(b); });
  diagnostics_.erase(std::unique(diagnostics_.begin(), diagnostics_.end()), diagnostics_.end());
  if (errors_ == kMaxErrors) {
    diagnostics_.push_back({base::Severity::kError, {}, "more than " + std::to_string(kMaxErrors) + " mistakes", ""});
  }
  return std::move(diagnostics_);
}

std::string quote(std::string_view text) {
  std::string_view shown = text.substr(0, kMaxQuoted);
  while (shown.size() < text.size() && !shown.empty() &&
         (static_cast<unsigned char>(text[shown.size()]) & 0xC0U) == 0x80U) {
    shown.remove_suffix(1);
  }
  return "\"" + base::printable(shown) + (shown.size() < text.size() ? "..." : "") + "\"";
}

std::string listed(std::span<const std::string_view> words, std::string_view lastSeparator) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) {
      out += i + 1 == words.size() ? " " + std::string(lastSeparator) + " " : ", ";
    }
    out += quote(words[i]);
  }
  return out;
}

}  // namespace vpclab::lab
