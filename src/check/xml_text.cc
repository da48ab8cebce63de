#include "check/xml_text.h"

#include <array>
#include <cstdio>

#include "base/markup.h"
#include "base/text.h"

namespace vpclab::check {

// XML 1.0 section 2.2 knows no control characters, no surrogates and no U+FFFE or U+FFFF, escaped or not.
std::string xmlText(const std::string& text) {
  std::string clean = base::printable(text);
  for (const char* none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (auto at = clean.find(none); at != std::string::npos; at = clean.find(none, at)) {
      clean.replace(at, 3, "\xEF\xBF\xBD");
    }
  }
  return base::escapeMarkup(clean);
}

std::string xmlSeconds(double ms) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", ms / 1000);
  return text.data();
}

}  // namespace vpclab::check
