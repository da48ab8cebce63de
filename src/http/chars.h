#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace vpclab::http {

// Character classes of RFC 9110 section 5.6 and RFC 3986, as one table lookup each.
enum CharClass : std::uint8_t {
  kToken = 1,       // tchar, RFC 9110 section 5.6.2
  kFieldValue = 2,  // field-vchar, SP, HTAB, obs-text, RFC 9110 section 5.5
  kTarget = 4,      // what may stand in a request target: see chars.cc
  kHost = 8,        // of a host name or IPv4 address: see chars.cc; RFC 3986 section 3.2.2
};

extern const std::array<std::uint8_t, 256> kCharClasses;

inline bool isClass(char c, CharClass wanted) {
  return (kCharClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}
inline bool allOf(std::string_view text, CharClass wanted) {
  for (const char c : text) {
    if (!isClass(c, wanted)) {
      return false;
    }
  }
  return true;
}

inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
// Eight bytes at once.
inline std::uint64_t lower(std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t low = bytes & kOnes * 0x7F;
  // The highest bit of each byte: whether it is 'A' or more, whether it is more than 'Z', whether it is ASCII.
  const std::uint64_t fromA = low + kOnes * (0x80 - 'A');
  const std::uint64_t beyondZ = low + kOnes * (0x7F - 'Z');
  const std::uint64_t capitals = (fromA ^ beyondZ) & ~bytes & kOnes * 0x80;
  return bytes | capitals >> 2U;
}
inline bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  const auto word = [](const char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
  };
  const auto alike = [&](std::size_t at) { return lower(word(a.data() + at)) == lower(word(b.data() + at)); };
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (a.size() >= kWord) {
    for (std::size_t i = 0; i + kWord < a.size(); i += kWord) {
      if (!alike(i)) {
        return false;
      }
    }
    return alike(a.size() - kWord);  // some of these were compared already
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) {
      return false;
    }
  }
  return true;
}

// Without the optional whitespace (SP, HTAB) around it: RFC 9110 section 5.6.3.
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

inline bool isToken(std::string_view text) {
  return !text.empty() && allOf(text, kToken);
}

}  // namespace vpclab::http
