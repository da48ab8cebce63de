#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/report.h"

namespace vpclab::lab {

// Turns bytes of a text into places, whose columns count characters. Lines end as libyaml ends them: with a line feed,
// a carriage return, or both.
class PlaceFinder {
 public:
  PlaceFinder(base::SharedString file, std::string_view text);
  SourcePos at(std::size_t byte) const;
  // As libyaml counts: both from 0, columns in characters. What lies behind the text is its end.
  SourcePos at(std::size_t line, std::size_t column) const;
  // Without its end; empty behind the last one.
  std::string_view line(std::size_t number) const;
  std::string character(const SourcePos& place) const;

 private:
  base::SharedString file_;
  std::string_view text_;
  std::vector<std::size_t> starts_;  // of each line
};

// Refuses what a parser should not even see: bytes that are not UTF-8, control characters, those that end a line for
// YAML 1.1 but for nobody else, and directives about tags, each of which libyaml compares with all others.
bool checkSourceText(const base::SharedString& file, std::string_view text, Report& report);

}  // namespace vpclab::lab
