#pragma once

#include <cstddef>
#include <string_view>

namespace vpclab::base {

// Whoever parses, copies, prints or frees a value that nests deeper may run out of stack.
inline constexpr int kMaxJsonDepth = 64;

struct JsonShape {
  int depth = 0;           // how deep arrays and objects nest
  std::size_t values = 0;  // at least as many as it has, an object's members and those within others too
};

// What a JSON text would become, by a scan that needs no memory: to be asked before it is parsed. Of a text that is no
// JSON it tells something.
JsonShape jsonShape(std::string_view text);

}  // namespace vpclab::base
