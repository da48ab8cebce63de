#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/report.h"

namespace vpclab::lab {

// Turns (line, byte in the line) into places, columns counted in characters. Cheap when asked in the text's order.
class PlaceFinder {
 public:
  PlaceFinder(std::string file, std::string_view text);
  // Both count from 0; beyond the text they are clamped to its end.
  SourcePos at(std::size_t line, std::size_t byte);
  std::string_view line(std::size_t number) const;

 private:
  base::SharedString file_;  // of every place
  std::string_view text_;
  std::vector<std::size_t> starts_;  // of each line
  // The last answer: columns of one long line are not counted from its start each time.
  std::size_t lastLine_ = 0;
  std::size_t lastByte_ = 0;
  int lastColumn_ = 1;
};

// Refuses what a parser should not even see: bytes that are not UTF-8, control characters, and more brackets and commas
// than a file of the allowed number of nodes has (yaml-cpp keeps every token of a flow list before it tells the first).
bool checkSourceText(std::string_view text, PlaceFinder& places, Report& report);

}  // namespace vpclab::lab
