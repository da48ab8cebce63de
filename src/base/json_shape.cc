#include "base/json_shape.h"

#include <algorithm>

namespace vpclab::base {

JsonShape jsonShape(std::string_view text) {
  JsonShape out{0, 1};
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      out.depth = std::max(out.depth, ++depth);
      ++out.values;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',') {
      ++out.values;
    }
  }
  return out;
}

}  // namespace vpclab::base
