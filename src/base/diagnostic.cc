#include "base/diagnostic.h"

#include <algorithm>

namespace vpclab::base {

std::string SourcePos::toString() const {
  if (line == 0) {
    return file;
  }
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Diagnostic::toString() const {
  std::string out = pos.toString();
  if (!out.empty()) {
    out += ": ";
  }
  out += severity == Severity::kError ? "error: " : "warning: ";
  out += message;
  if (!hint.empty()) {
    out += "; " + hint;
  }
  return out;
}

bool hasErrors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

}  // namespace vpclab::base
