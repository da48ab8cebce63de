#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "check/matrix_groups.h"

namespace vpclab::check {

namespace {

constexpr std::size_t kMostShown = 20;  // mismatches, and nodes that are not alive

std::string padded(const std::string& text, std::size_t width, bool right) {
  const auto own = static_cast<std::size_t>(base::displayWidth(text));
  const std::string space(own < width ? width - own : 0, ' ');
  return right ? space + text : text + space;
}

std::string markOf(const GroupCell& cell) {
  if (cell.failed != 0) {
    return cell.pairs == 1 ? "X" : std::to_string(cell.failed) + "X";
  }
  const std::size_t kinds = (cell.reached != 0 ? 1 : 0) + (cell.blocked != 0 ? 1 : 0) + (cell.elsewhere != 0 ? 1 : 0);
  if (cell.pairs == 0) {
    return "-";
  }
  if (cell.notRun != 0) {
    return "?";
  }
  if (kinds > 1) {
    return ":";
  }
  return cell.reached != 0 ? "+" : cell.blocked != 0 ? "." : "~";
}

std::string drawing(const GroupedMatrix& matrix, bool colours) {
  std::size_t nameWidth = 0;
  std::size_t width = std::to_string(matrix.names.size()).size();
  for (std::size_t row = 0; row < matrix.names.size(); ++row) {
    nameWidth = std::max(nameWidth, static_cast<std::size_t>(base::displayWidth(base::printable(matrix.names[row]))));
    for (const GroupCell& cell : matrix.cells[row]) {
      width = std::max(width, markOf(cell).size());
    }
  }
  const std::size_t numberWidth = std::to_string(matrix.names.size()).size();
  std::string out(numberWidth + 1 + nameWidth, ' ');
  for (std::size_t column = 0; column < matrix.names.size(); ++column) {
    out += " " + padded(std::to_string(column + 1), width, true);
  }
  out += "\n";
  for (std::size_t row = 0; row < matrix.names.size(); ++row) {
    out += padded(std::to_string(row + 1), numberWidth, true) + " " +
           padded(base::printable(matrix.names[row]), nameWidth, false);
    for (const GroupCell& cell : matrix.cells[row]) {
      const std::string mark = padded(markOf(cell), width, true);
      out += " " + (colours && cell.failed != 0 ? "\033[1;31m" + mark + "\033[0m" : mark);
    }
    out += "\n";
  }
  return out;
}

std::string seconds(double ms) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", ms / 1000);
  return text.data();
}

void addSome(std::string& out, const std::vector<std::string>& lines, std::size_t all) {
  for (std::size_t i = 0; i < std::min(lines.size(), kMostShown); ++i) {
    out += base::printable(lines[i]) + "\n";
  }
  if (all > std::min(lines.size(), kMostShown)) {
    out += "... and " + std::to_string(all - std::min(lines.size(), kMostShown)) + " more; --json tells them\n";
  }
}

// One line for each pair of groups, each with its first example.
std::vector<std::string> groupLines(const MatrixSpec& spec, const MatrixReport& report, const GroupedMatrix& matrix) {
  std::vector<std::string> out;
  for (std::size_t row = 0; row < matrix.names.size(); ++row) {
    for (std::size_t column = 0; column < matrix.names.size(); ++column) {
      const GroupCell& cell = matrix.cells[row][column];
      const auto example = std::find_if(report.mismatches.begin(), report.mismatches.end(), [&](const Mismatch& one) {
        return matrix.groupOf[one.from] == row && matrix.groupOf[one.to] == column;
      });
      if (cell.failed != 0 && example != report.mismatches.end()) {
        out.push_back(matrix.names[row] + " → " + matrix.names[column] + ": " + std::to_string(cell.failed) + " of " +
                      std::to_string(cell.pairs) + " pairs, such as " + textOf(spec, *example));
      }
    }
  }
  return out;
}

}  // namespace

std::string toText(const MatrixSpec& spec, const MatrixReport& report, bool colours) {
  const GroupedMatrix matrix = grouped(spec, report);
  std::string out = "Each row a " + matrix.kind + " that pings, each column one that is pinged:\n" +
                    drawing(matrix, colours) +
                    "+ reached, . blocked, both as expected; X not as expected; : some of each; ~ the address means "
                    "another node there" +
                    (report.count(Cell::kNotRun) == 0 ? "\n" : "; ? stopped before\n");
  const std::size_t mismatches = report.count(Cell::kMissing) + report.count(Cell::kLeak);
  if (mismatches > kMostShown && matrix.kind != "server") {
    const auto lines = groupLines(spec, report, matrix);
    addSome(out, lines, lines.size());
  } else {
    std::vector<std::string> lines;
    for (const Mismatch& mismatch : report.mismatches) {
      lines.push_back(textOf(spec, mismatch));
    }
    addSome(out, lines, mismatches);
  }
  if (const std::size_t untold = report.count(Cell::kUntold); untold != 0) {
    out += std::to_string(untold) +
           " pairs that should be blocked prove nothing, for not both ends are seen to be alive\n";
  }
  addSome(out, report.dead, report.dead.size());
  const std::size_t size = spec.nodes.size();
  out += std::to_string(size) + " servers, " + std::to_string(size * size - size) + " pairs in " +
         seconds(report.elapsedMs) + ": " + std::to_string(report.count(Cell::kReached)) + " reached and " +
         std::to_string(report.count(Cell::kBlocked)) + " blocked as expected, " + std::to_string(report.failures()) +
         " not as expected\n";
  return out;
}

}  // namespace vpclab::check
