#pragma once

#include <string>
#include <string_view>

#include "lab/load.h"
#include "lab/report.h"
#include "lab/tree.h"

namespace vpclab::lab {

// What is left of the limits on one load, over all its files.
struct YamlBudget {
  std::size_t nodes = kMaxNodes;
  std::size_t bytes = kMaxTotalBytes;  // of scalars, aliases counted each time
};

// Parses one YAML document with one map at its top. Returns null after telling why. Of YAML it takes no tags, no merge
// keys, no keys other than scalars and no second document. Never throws; time and memory are bounded by the text's
// size.
ValuePtr parseYaml(const std::string& file, std::string_view text, YamlBudget& budget, Report& report);

// The text that the map at the top has for a key, if it is among the first things of the file; empty otherwise, and
// where that is no such file. Nothing is checked.
std::string topTextAhead(std::string_view text, std::string_view key);

}  // namespace vpclab::lab
