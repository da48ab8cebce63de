#pragma once

#include <string>
#include <vector>

#include "check/matrix.h"

namespace vpclab::check {

// What came of all pairs from one group to another.
struct GroupCell {
  std::size_t pairs = 0;  // that are two servers
  std::size_t reached = 0;
  std::size_t blocked = 0;
  std::size_t elsewhere = 0;
  std::size_t failed = 0;
  std::size_t notRun = 0;
};

// A matrix as people read it: server by server while it is small, else by the narrowest groups that are few enough.
struct GroupedMatrix {
  std::string kind;  // "server", "vxnet", "vpc", "region"
  std::vector<std::string> names;
  std::vector<std::size_t> groupOf;  // of each node
  std::vector<std::vector<GroupCell>> cells;
};

GroupedMatrix grouped(const MatrixSpec& spec, const MatrixReport& report);

// "s1 → s2: expected reachable (by ...), seen ..."
std::string textOf(const MatrixSpec& spec, const Mismatch& mismatch);

}  // namespace vpclab::check
