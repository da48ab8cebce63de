#include "base/text.h"
#include "entry/enter.h"

namespace vpclab::entry {

std::string encodeReport(const Report& report) {
  return std::to_string(report.status) + "\n" + report.error;
}

Report decodeReport(const std::string& text) {
  const auto line = text.find('\n');
  const auto status = base::parseInteger(text.substr(0, line), 0, 255);
  if (line == std::string::npos || !status) {
    return {125, "the command's end was not reported"};
  }
  return {static_cast<int>(*status), text.substr(line + 1)};
}

}  // namespace vpclab::entry
