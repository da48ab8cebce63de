#pragma once

#include <string>
#include <vector>

#include "base/shared_string.h"

namespace vpclab::base {

// A place in a source file. Line and column count from 1; 0 means the whole file. Columns count characters (code
// points), not bytes.
struct SourcePos {
  SharedString file;
  int line = 0;
  int column = 0;

  auto operator<=>(const SourcePos&) const = default;
  std::string toString() const;  // "file:line:column", "file" or "" as far as known
};

enum class Severity { kError, kWarning };

// One thing that is wrong in an input, and what would be right.
struct Diagnostic {
  Severity severity = Severity::kError;
  SourcePos pos;
  std::string message;  // what is wrong
  std::string hint;     // what would be right; may be empty

  bool operator==(const Diagnostic&) const = default;
  std::string toString() const;  // "file:line:column: error: message; hint"
};

using Diagnostics = std::vector<Diagnostic>;

bool hasErrors(const Diagnostics& diagnostics);

}  // namespace vpclab::base
