#include <array>
#include <cstdio>

#include "base/markup.h"
#include "base/text.h"
#include "check/report.h"

namespace vpclab::check {

namespace {

// XML 1.0 section 2.2 knows no control characters, no surrogates and no U+FFFE or U+FFFF, escaped or not.
std::string escaped(const std::string& text) {
  std::string clean = base::printable(text);
  for (const char* none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (auto at = clean.find(none); at != std::string::npos; at = clean.find(none, at)) {
      clean.replace(at, 3, "\xEF\xBF\xBD");
    }
  }
  return base::escapeMarkup(clean);
}

std::string seconds(double ms) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", ms / 1000);
  return text.data();
}

std::string nameOf(const CheckResult& result) {
  const std::string what = result.kind + " " + result.from + " → " + result.to + ", " + result.expected;
  return std::to_string(result.index + 1) + ": " + (result.title.empty() ? what : result.title + " (" + what + ")");
}

std::string testCase(const Report& report, const CheckResult& result) {
  std::string out = "  <testcase classname=\"" + escaped("vpclab." + report.lab + "." + result.kind) + "\" name=\"" +
                    escaped(nameOf(result)) + "\" time=\"" + seconds(result.elapsedMs) + "\"";
  if (!result.pos.file.empty()) {
    out += " file=\"" + escaped(result.pos.file) + "\" line=\"" + std::to_string(result.pos.line) + "\"";
  }
  switch (result.outcome) {
    case Outcome::kPassed:
      return out + ">\n    <system-out>" + escaped(result.seen) + "</system-out>\n  </testcase>\n";
    case Outcome::kFailed:
      return out + ">\n    <failure message=\"" + escaped("seen " + result.seen) + "\">" +
             escaped(failureText(result)) + "</failure>\n  </testcase>\n";
    case Outcome::kCancelled:
      return out + ">\n    <skipped message=\"" + escaped(result.seen) + "\"/>\n  </testcase>\n";
  }
  return out + "/>\n";
}

}  // namespace

std::string toJunit(const Report& report) {
  double elapsed = 0;
  std::string cases;
  for (const CheckResult& result : report.results) {
    elapsed += result.elapsedMs;
    cases += testCase(report, result);
  }
  const std::string counts = "tests=\"" + std::to_string(report.results.size()) + "\" failures=\"" +
                             std::to_string(report.count(Outcome::kFailed)) + "\" errors=\"0\" skipped=\"" +
                             std::to_string(report.count(Outcome::kCancelled)) + "\" time=\"" + seconds(elapsed) + "\"";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites " + counts + ">\n<testsuite name=\"" +
         escaped(report.lab) + "\" " + counts + ">\n" + cases + "</testsuite>\n</testsuites>\n";
}

}  // namespace vpclab::check
