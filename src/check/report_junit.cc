#include "check/report.h"
#include "check/xml_text.h"

namespace vpclab::check {

namespace {

std::string nameOf(const CheckResult& result) {
  const std::string what = result.kind + " " + result.from + " → " + result.to + ", " + result.expected;
  return std::to_string(result.index + 1) + ": " + (result.title.empty() ? what : result.title + " (" + what + ")");
}

std::string testCase(const Report& report, const CheckResult& result) {
  std::string out = "  <testcase classname=\"" + xmlText("vpclab." + report.lab + "." + result.kind) + "\" name=\"" +
                    xmlText(nameOf(result)) + "\" time=\"" + xmlSeconds(result.elapsedMs) + "\"";
  if (!result.pos.file.empty()) {
    out += " file=\"" + xmlText(result.pos.file) + "\" line=\"" + std::to_string(result.pos.line) + "\"";
  }
  switch (result.outcome) {
    case Outcome::kPassed:
      return out + ">\n    <system-out>" + xmlText(result.seen) + "</system-out>\n  </testcase>\n";
    case Outcome::kFailed:
      return out + ">\n    <failure message=\"" + xmlText("seen " + result.seen) + "\">" +
             xmlText(failureText(result)) + "</failure>\n  </testcase>\n";
    case Outcome::kCancelled:
      return out + ">\n    <skipped message=\"" + xmlText(result.seen) + "\"/>\n  </testcase>\n";
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
                             std::to_string(report.count(Outcome::kCancelled)) + "\" time=\"" + xmlSeconds(elapsed) +
                             "\"";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites " + counts + ">\n<testsuite name=\"" +
         xmlText(report.lab) + "\" " + counts + ">\n" + cases + "</testsuite>\n</testsuites>\n";
}

}  // namespace vpclab::check
