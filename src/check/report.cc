#include "check/report.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"

namespace vpclab::check {

namespace {

std::string number(double ms) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), ms < 10 ? "%.2f" : "%.1f", ms);
  return text.data();
}

using Row = std::array<std::string, 6>;

std::string markOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "ok";
    case Outcome::kFailed:
      return "FAILED";
    case Outcome::kCancelled:
      return "stopped";
  }
  return {};
}

const char* colourOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "\033[32m";
    case Outcome::kFailed:
      return "\033[1;31m";
    case Outcome::kCancelled:
      return "\033[33m";
  }
  return "";
}

Row rowOf(const CheckResult& result) {
  using base::printable;
  const std::string times =
      result.roundTrip ? number(result.roundTrip->minMs) + " / " + number(result.roundTrip->avgMs) : "-";
  return {markOf(result.outcome),
          result.kind,
          printable(result.from) + " → " + printable(result.to),
          printable(result.expected),
          printable(result.outcome == Outcome::kFailed ? "see below" : result.seen),
          times};
}

std::string padded(const std::string& text, int width) {
  return text + std::string(static_cast<std::size_t>(std::max(0, width - base::displayWidth(text))), ' ');
}

}  // namespace

std::size_t Report::count(Outcome outcome) const {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [&](const CheckResult& r) { return r.outcome == outcome; }));
}

bool Report::passed() const {
  return count(Outcome::kPassed) == results.size();
}

std::string failureText(const CheckResult& result) {
  const std::string where = result.pos.toString();
  const std::string name = result.title.empty() ? "" : "\"" + result.title + "\": ";
  const std::string verb = result.kind == "backend" ? " of " : " from ";
  return base::printable((where.empty() ? "" : where + ": ") + name + result.kind + verb + result.from + " to " +
                         result.to + ": expected " + result.expected + ", seen " + result.seen);
}

std::string toText(const Report& report, bool colours) {
  std::vector<Row> rows{{"", "check", "from → to", "expected", "seen", "ms min / avg"}};
  for (const CheckResult& result : report.results) {
    rows.push_back(rowOf(result));
  }
  std::array<int, 6> widths{};
  for (const Row& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], base::displayWidth(row[column]));
    }
  }
  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const char* colour = i == 0 ? "\033[1m" : colourOf(report.results[i - 1].outcome);
    std::string line;
    for (std::size_t column = 0; column < rows[i].size(); ++column) {
      const bool last = column + 1 == rows[i].size();
      const std::string cell = last ? rows[i][column] : padded(rows[i][column], widths[column]) + "  ";
      line += colours && (i == 0 || column == 0) ? colour + cell + "\033[0m" : cell;
    }
    out += line + "\n";
  }
  for (const CheckResult& result : report.results) {
    if (result.outcome == Outcome::kFailed) {
      out += "\n" + failureText(result) + "\n";
    }
  }
  const std::size_t stopped = report.count(Outcome::kCancelled);
  out += "\n" + std::to_string(report.count(Outcome::kPassed)) + " of " + std::to_string(report.results.size()) +
         " checks passed" + (stopped == 0 ? "" : ", " + std::to_string(stopped) + " stopped") + "\n";
  return out;
}

}  // namespace vpclab::check
