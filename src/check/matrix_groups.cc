#include "check/matrix_groups.h"

#include <map>

namespace vpclab::check {

namespace {

constexpr std::size_t kMostDrawn = 25;  // in a line of a terminal

// What the node is called where groups of the level are drawn; level 0 is the node itself.
const std::string& nameAt(const MatrixNode& node, std::size_t level) {
  return level == 0 ? node.title : node.groups.at(level - 1);
}
const std::string& keyAt(const MatrixNode& node, std::size_t level) {
  return level == 0 ? node.id : node.groups.at(level - 1);
}

void count(GroupCell& out, Cell cell) {
  if (cell == Cell::kSelf) {
    return;
  }
  ++out.pairs;
  switch (cell) {
    case Cell::kReached:
      ++out.reached;
      break;
    case Cell::kBlocked:
      ++out.blocked;
      break;
    case Cell::kElsewhere:
      ++out.elsewhere;
      break;
    case Cell::kNotRun:
      ++out.notRun;
      break;
    default:
      ++out.failed;
  }
}

}  // namespace

GroupedMatrix grouped(const MatrixSpec& spec, const MatrixReport& report) {
  static constexpr std::array<const char*, 4> kKinds{"server", "vxnet", "vpc", "region"};
  GroupedMatrix out;
  for (std::size_t level = 0; level < kKinds.size(); ++level) {
    out = {kKinds.at(level), {}, {}, {}};
    std::map<std::string, std::size_t> known;
    for (const MatrixNode& node : spec.nodes) {
      const auto [found, added] = known.emplace(keyAt(node, level), out.names.size());
      if (added) {
        out.names.push_back(nameAt(node, level));
      }
      out.groupOf.push_back(found->second);
    }
    if (out.names.size() <= kMostDrawn) {
      break;
    }
  }
  out.cells.assign(out.names.size(), std::vector<GroupCell>(out.names.size()));
  for (std::size_t row = 0; row < report.rows.size(); ++row) {
    for (std::size_t column = 0; column < report.rows.size(); ++column) {
      count(out.cells[out.groupOf[row]][out.groupOf[column]], static_cast<Cell>(report.rows[row][column]));
    }
  }
  return out;
}

std::string textOf(const MatrixSpec& spec, const Mismatch& mismatch) {
  return spec.nodes[mismatch.from].title + " → " + spec.nodes[mismatch.to].title + ": expected " +
         (mismatch.reachable ? "reachable" : "blocked") + " (" + mismatch.why + "), seen " + mismatch.seen;
}

}  // namespace vpclab::check
