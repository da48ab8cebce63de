#include <algorithm>

#include <nlohmann/json.hpp>

#include "check/matrix_groups.h"
#include "check/xml_text.h"

namespace vpclab::check {

using nlohmann::json;

json toJson(const MatrixSpec& spec, const MatrixReport& report) {
  json servers = json::array();
  for (const MatrixNode& node : spec.nodes) {
    servers.push_back({{"id", node.id},
                       {"title", node.title},
                       {"address", node.address.toString()},
                       {"vxnet", node.groups[0]},
                       {"vpc", node.groups[1]},
                       {"region", node.groups[2]}});
  }
  json mismatches = json::array();
  for (const Mismatch& mismatch : report.mismatches) {
    mismatches.push_back({{"from", spec.nodes[mismatch.from].id},
                          {"to", spec.nodes[mismatch.to].id},
                          {"expected", mismatch.reachable ? "reachable" : "blocked"},
                          {"why", mismatch.why},
                          {"seen", mismatch.seen}});
  }
  const std::size_t size = spec.nodes.size();
  return {{"servers", std::move(servers)},
          {"rows", report.rows},
          {"pairs", size * size - size},
          {"reached", report.count(Cell::kReached)},
          {"blocked", report.count(Cell::kBlocked)},
          {"elsewhere", report.count(Cell::kElsewhere)},
          {"missing", report.count(Cell::kMissing)},
          {"leaks", report.count(Cell::kLeak)},
          {"untold", report.count(Cell::kUntold)},
          {"not_run", report.count(Cell::kNotRun)},
          {"mismatches", std::move(mismatches)},
          {"not_alive", report.dead},
          {"ms", report.elapsedMs}};
}

namespace {

// Its test case, or nothing where there is no pair.
std::string testCase(const MatrixSpec& spec, const MatrixReport& report, const GroupedMatrix& matrix, std::size_t row,
                     std::size_t column) {
  const GroupCell& cell = matrix.cells[row][column];
  if (cell.pairs == 0) {
    return {};
  }
  std::string out = "  <testcase classname=\"" + xmlText("vpclab." + spec.lab + ".matrix") + "\" name=\"" +
                    xmlText(matrix.names[row] + " → " + matrix.names[column]) + "\" time=\"0\"";
  if (cell.failed != 0) {
    std::string text;
    for (const Mismatch& mismatch : report.mismatches) {
      if (matrix.groupOf[mismatch.from] == row && matrix.groupOf[mismatch.to] == column) {
        text += textOf(spec, mismatch) + "\n";
      }
    }
    return out + ">\n    <failure message=\"" + std::to_string(cell.failed) + " of " + std::to_string(cell.pairs) +
           " pairs are not as expected\">" + xmlText(text) + "</failure>\n  </testcase>\n";
  }
  if (cell.notRun != 0) {
    return out + ">\n    <skipped message=\"stopped before there was a result\"/>\n  </testcase>\n";
  }
  return out + ">\n    <system-out>" + std::to_string(cell.reached) + " reached, " + std::to_string(cell.blocked) +
         " blocked, as expected</system-out>\n  </testcase>\n";
}

}  // namespace

std::string toJunit(const MatrixSpec& spec, const MatrixReport& report) {
  const GroupedMatrix matrix = grouped(spec, report);
  std::string cases;
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t skipped = 0;
  for (std::size_t row = 0; row < matrix.names.size(); ++row) {
    for (std::size_t column = 0; column < matrix.names.size(); ++column) {
      const GroupCell& cell = matrix.cells[row][column];
      cases += testCase(spec, report, matrix, row, column);
      tests += cell.pairs != 0 ? 1 : 0;
      failures += cell.failed != 0 ? 1 : 0;
      skipped += cell.failed == 0 && cell.notRun != 0 ? 1 : 0;
    }
  }
  const std::string counts = "tests=\"" + std::to_string(tests) + "\" failures=\"" + std::to_string(failures) +
                             "\" errors=\"0\" skipped=\"" + std::to_string(skipped) + "\" time=\"" +
                             xmlSeconds(report.elapsedMs) + "\"";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites " + counts + ">\n<testsuite name=\"" +
         xmlText(spec.lab + " matrix") + "\" " + counts + ">\n" + cases + "</testsuite>\n</testsuites>\n";
}

}  // namespace vpclab::check
