#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <numeric>

namespace vpclab::base {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) {
      out += separator;
    }
    out += part;
  }
  return out;
}

std::optional<std::int64_t> parseInteger(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty() || value < min || value > max) {
    return std::nullopt;
  }
  return value;
}

namespace {

std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

// Decodes one code point and advances; nullopt for a byte sequence that RFC 3629 does not allow.
std::optional<char32_t> decodeUtf8(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  std::size_t length = 1;
  char32_t value = first;
  if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    value = first & 0x07U;
  } else if (first >= 0xE0) {
    length = 3;
    value = first & 0x0FU;
  } else if (first >= 0xC2) {
    length = 2;
    value = first & 0x1FU;
  } else if (first >= 0x80) {
    return std::nullopt;
  }
  if (first > 0xF4 || text.size() < length) {
    return std::nullopt;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return std::nullopt;
    }
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) {
    return std::nullopt;
  }
  text.remove_prefix(length);
  return value;
}

// The ranges of Unicode's EastAsianWidth W and F that lab files meet: CJK, Hangul, kana, full-width forms, emoji.
bool isWide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0x303E) || (c >= 0x3041 && c <= 0x33FF) ||
         (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xA000 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) ||
         (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}

bool isCombining(char32_t c) {
  return (c >= 0x0300 && c <= 0x036F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F);
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string best;
  std::size_t bestDistance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : candidates) {
    const auto distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

bool isValidUtf8(std::string_view text) {
  while (!text.empty()) {
    // Nearly all that is asked about is ASCII.
    const auto ascii = std::find_if(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0; });
    text.remove_prefix(static_cast<std::size_t>(ascii - text.begin()));
    if (!text.empty() && !decodeUtf8(text)) {
      return false;
    }
  }
  return true;
}

int displayWidth(std::string_view utf8) {
  int width = 0;
  while (!utf8.empty()) {
    const auto c = decodeUtf8(utf8);
    if (!c) {
      utf8.remove_prefix(1);
      ++width;
      continue;
    }
    width += isCombining(*c) ? 0 : isWide(*c) ? 2 : 1;
  }
  return width;
}

bool isPlainAscii(std::string_view text) {
  // Eight bytes at once. Of each the highest bit tells: set already, or set by one more (0x7F), or borrowed because
  // the byte is below a space.
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = kOnes * 0x80;
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const auto isPlain = [](const char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof(bytes));
    return ((bytes | (bytes + kOnes) | (bytes - kOnes * 0x20)) & kHigh) == 0;
  };
  if (text.size() >= kWord) {
    for (std::size_t at = 0; at + kWord < text.size(); at += kWord) {
      if (!isPlain(text.data() + at)) {
        return false;
      }
    }
    return isPlain(text.data() + text.size() - kWord);  // some of these were looked at already
  }
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

std::string printable(std::string_view text) {
  if (isPlainAscii(text)) {
    return std::string(text);
  }
  std::string out;
  const auto escape = [&](unsigned char c) {
    std::array<char, 5> hex{};
    (void)std::snprintf(hex.data(), hex.size(), "\\x%02x", c);
    out += hex.data();
  };
  while (!text.empty()) {
    const std::string_view before = text;
    const auto c = decodeUtf8(text);
    if (!c) {
      escape(static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
    } else if (*c < 0x20 || *c == 0x7F || (*c >= 0x80 && *c < 0xA0)) {
      for (const char byte : before.substr(0, before.size() - text.size())) {
        escape(static_cast<unsigned char>(byte));
      }
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  return out;
}

std::uint64_t stableHash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

}  // namespace vpclab::base
