#pragma once

#include <string>
#include <string_view>

namespace vpclab::lab {

// Of a line, or of a text in a map's place, that YAML reads otherwise than it was meant: where a key's colon is the
// full-width one of Chinese keyboards, or has no space behind it; nothing of anything else.
std::string colonHint(std::string_view line);

}  // namespace vpclab::lab
