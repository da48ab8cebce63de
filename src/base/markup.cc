#include "base/markup.h"

namespace vpclab::base {

std::string escapeMarkup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";  // HTML 4 knows no &apos;
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace vpclab::base
