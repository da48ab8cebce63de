#pragma once

#include <array>
#include <cstdint>
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
inline bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
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
