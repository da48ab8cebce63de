#include "daemon/table.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace vpclab::daemon {

using nlohmann::json;

void addTable(std::string& out, const std::string& title, const std::vector<Row>& rows) {
  if (rows.size() < 2) {
    return;
  }
  std::vector<int> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], base::displayWidth(row[i]));
    }
  }
  out += title + "\n";
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += " " + row[i];
      line.append(static_cast<std::size_t>(widths[i] - base::displayWidth(row[i])) + 1, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
}

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) {
    return "";
  }
  return base::printable(found->is_string() ? found->get<std::string>() : found->dump());
}

std::string bytesText(const json& bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = bytes.get<double>();
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 48> text{};
  (void)std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits.at(unit));
  return text.data();
}

}  // namespace vpclab::daemon
