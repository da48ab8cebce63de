#include "lab/colon_hint.h"

#include <algorithm>

#include "lab/report.h"

namespace vpclab::lab {
namespace {

constexpr std::size_t kLookedAt = 256;  // bytes: an alias can put a large text in many places
constexpr std::string_view kFullWidthColon = "\xef\xbc\x9a";

bool isOfKey(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// Of the key that `rest` begins with.
std::string hintOf(std::string_view rest) {
  const auto end = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), isOfKey) - rest.begin());
  const std::string key(rest.substr(0, end));
  const std::string_view behind = rest.substr(end);
  if (key.empty()) {
    return "";
  }
  if (behind.starts_with(kFullWidthColon)) {
    return "the colon behind " + quote(key) + " is a full-width one: write `" + key + ": `";
  }
  // A URL or a time of day is no key.
  const bool spaced =
      behind.size() < 2 || behind[1] == ' ' || behind[1] == '/' || (behind[1] >= '0' && behind[1] <= '9');
  return behind.starts_with(':') && !spaced
             ? "a space is missing behind the colon of " + quote(key) + ": write `" + key + ": `"
             : "";
}

}  // namespace

std::string colonHint(std::string_view line) {
  line = line.substr(0, kLookedAt);
  bool mayBegin = true;  // a key
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '#' || c == '"' || c == '\'') {
      return "";  // what follows is no key, or hard to tell from one
    }
    if (mayBegin && isOfKey(c) && !(c == '-' && i + 1 < line.size() && line[i + 1] == ' ')) {
      if (auto hint = hintOf(line.substr(i)); !hint.empty()) {
        return hint;
      }
    }
    mayBegin = c == ' ' ? mayBegin : c == '{' || c == ',' || (c == '-' && mayBegin);
  }
  return "";
}

}  // namespace vpclab::lab
