#include "check/report.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "unit/json_names.h"

using namespace vpclab;
using namespace vpclab::check;

namespace {

Report sample() {
  Report out;
  out.lab = "cross-region";
  CheckResult ping;
  ping.kind = "ping";
  ping.pos = {"lab.yaml", 12, 5};
  ping.from = "北京演示云服务器1";
  ping.to = "北京演示云服务器2";
  ping.expected = "reachable";
  ping.seen = "answered";
  ping.outcome = Outcome::kPassed;
  ping.elapsedMs = 12.5;
  ping.roundTrip = RoundTrip{0.051, 0.072, 0.1, 3, 3};
  CheckResult http;
  http.index = 1;
  http.title = "the <page> & \"more\"";
  http.kind = "http";
  http.pos = {"lab.yaml", 13, 5};
  http.from = "internet";
  http.to = "http://139.198.18.135/";
  http.expected = "12 × 200 in turn from A, B";
  http.seen = "200 from 12 × A\x1b[2J";
  http.answers = {{200, "A", "", 1.5}, {0, "", "connect: refused", 1}};
  http.rounds = 3;
  CheckResult path;
  path.index = 2;
  path.kind = "path";
  path.from = "A";
  path.to = "B";
  path.expected = "through R";
  path.seen = "stopped before there was a result";
  path.outcome = Outcome::kCancelled;
  path.hops = {{net::IpAddr::parse("10.0.0.1"), "R", 0.1}, {std::nullopt, "", 0}};
  out.results = {ping, http, path};
  return out;
}

}  // namespace

TEST_CASE("the table is aligned by what a terminal shows, and failures are told in full below") {
  CHECK(
      toText(sample(), false) ==
      R"(         check  from → to                              expected                    seen                               ms min / avg
ok       ping   北京演示云服务器1 → 北京演示云服务器2  reachable                   answered                           0.05 / 0.07
FAILED   http   internet → http://139.198.18.135/      12 × 200 in turn from A, B  see below                          -
stopped  path   A → B                                  through R                   stopped before there was a result  -

lab.yaml:13:5: "the <page> & "more"": http from internet to http://139.198.18.135/: expected 12 × 200 in turn from A, B, seen 200 from 12 × A\x1b[2J

1 of 3 checks passed, 1 stopped
)");
  const std::string coloured = toText(sample(), true);
  CHECK(coloured.find("\033[32mok") != std::string::npos);
  CHECK(coloured.find("\033[1;31mFAILED") != std::string::npos);
  CHECK(toText(sample(), false).find('\033') == std::string::npos);
}

TEST_CASE("JUnit is escaped") {
  CHECK(toJunit(sample()) == R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" skipped="1" time="0.013">
<testsuite name="cross-region" tests="3" failures="1" errors="0" skipped="1" time="0.013">
  <testcase classname="vpclab.cross-region.ping" name="1: ping 北京演示云服务器1 → 北京演示云服务器2, reachable" time="0.013" file="lab.yaml" line="12">
    <system-out>answered</system-out>
  </testcase>
  <testcase classname="vpclab.cross-region.http" name="2: the &lt;page&gt; &amp; &quot;more&quot; (http internet → http://139.198.18.135/, 12 × 200 in turn from A, B)" time="0.000" file="lab.yaml" line="13">
    <failure message="seen 200 from 12 × A\x1b[2J">lab.yaml:13:5: &quot;the &lt;page&gt; &amp; &quot;more&quot;&quot;: http from internet to http://139.198.18.135/: expected 12 × 200 in turn from A, B, seen 200 from 12 × A\x1b[2J</failure>
  </testcase>
  <testcase classname="vpclab.cross-region.path" name="3: path A → B, through R" time="0.000">
    <skipped message="stopped before there was a result"/>
  </testcase>
</testsuite>
</testsuites>
)xml");
}

TEST_CASE("JSON comes back as it went, and nothing else does") {
  const nlohmann::json document = toJson(sample());
  CHECK(document["passed"] == false);
  CHECK(tests::misspelled(document) == std::vector<std::string>());
  CHECK(document["results"][0]["round_trip"]["avg_ms"] == 0.072);
  const auto back = reportFromJson(nlohmann::json::parse(document.dump()));
  REQUIRE(back);
  CHECK(toJson(*back) == document);
  CHECK(reportFromJson(document));
  auto lie = document;
  lie["passed"] = true;
  CHECK_FALSE(reportFromJson(lie));
  auto extra = document;
  extra["results"][1]["more"] = 1;
  CHECK_FALSE(reportFromJson(extra));
  auto outcome = document;
  outcome["results"][0]["outcome"] = "fine";
  CHECK_FALSE(reportFromJson(outcome));
}
