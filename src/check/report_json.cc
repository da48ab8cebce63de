#include <array>

#include <nlohmann/json.hpp>

#include "check/job.h"
#include "check/json_object.h"
#include "check/report.h"

namespace vpclab::check {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxResults = 100'000;
constexpr std::size_t kMaxText = 64 * 1024;
constexpr std::size_t kMaxListed = kMaxRequests;
constexpr std::array<std::pair<Outcome, const char*>, 3> kOutcomeNames{
    {{Outcome::kPassed, "passed"}, {Outcome::kFailed, "failed"}, {Outcome::kCancelled, "cancelled"}}};

json toJson(const CheckResult& result) {
  const char* outcome = "";
  for (const auto& [value, name] : kOutcomeNames) {
    outcome = value == result.outcome ? name : outcome;
  }
  json out{{"index", result.index},
           {"title", result.title},
           {"kind", result.kind},
           {"file", result.pos.file},
           {"line", result.pos.line},
           {"column", result.pos.column},
           {"from", result.from},
           {"to", result.to},
           {"expected", result.expected},
           {"seen", result.seen},
           {"outcome", outcome},
           {"rounds", result.rounds},
           {"elapsed_ms", result.elapsedMs},
           {"hops", json::array()},
           {"answers", json::array()},
           {"measured", json::array()}};
  if (result.roundTrip) {
    const RoundTrip& times = *result.roundTrip;
    out["round_trip"] = {{"min_ms", times.minMs},
                         {"avg_ms", times.avgMs},
                         {"max_ms", times.maxMs},
                         {"sent", times.sent},
                         {"answered", times.answered}};
  }
  for (const SeenHop& hop : result.hops) {
    out["hops"].push_back({{"address", hop.address ? json(hop.address->toString()) : json(nullptr)},
                           {"title", hop.title},
                           {"rtt_ms", hop.rttMs}});
  }
  for (const SeenAnswer& answer : result.answers) {
    out["answers"].push_back(
        {{"status", answer.status}, {"server", answer.server}, {"error", answer.error}, {"ms", answer.ms}});
  }
  for (const Measure& measure : result.measured) {
    out["measured"].push_back(
        {{"what", measure.what}, {"direction", measure.direction}, {"value", measure.value}, {"unit", measure.unit}});
  }
  return out;
}

int coordinate(JsonObject& in, const char* key) {
  return static_cast<int>(in.number(key, 0, INT32_MAX));
}

void readRoundTrip(const json& document, CheckResult& out, JsonObject& outer) {
  JsonObject in(document, "the round trip");
  RoundTrip times;
  times.minMs = in.milliseconds("min_ms");
  times.avgMs = in.milliseconds("avg_ms");
  times.maxMs = in.milliseconds("max_ms");
  times.sent = static_cast<std::uint32_t>(in.number("sent", 0, UINT32_MAX));
  times.answered = static_cast<std::uint32_t>(in.number("answered", 0, UINT32_MAX));
  out.roundTrip = times;
  if (auto whole = in.finish(); !whole) {
    outer.refuse(whole.error().text());
  }
}

void readLists(JsonObject& outer, CheckResult& out) {
  for (const json& entry : outer.array("hops", kMaxListed)) {
    JsonObject in(entry, "the hop");
    SeenHop hop;
    if (in.optional("address") != nullptr) {
      hop.address = in.address("address");
    }
    hop.title = in.text("title", kMaxText);
    hop.rttMs = in.milliseconds("rtt_ms");
    if (auto whole = in.finish(); !whole) {
      outer.refuse(whole.error().text());
    }
    out.hops.push_back(std::move(hop));
  }
  for (const json& entry : outer.array("answers", kMaxListed)) {
    JsonObject in(entry, "the answer");
    SeenAnswer answer;
    answer.status = static_cast<int>(in.number("status", 0, 999));
    answer.server = in.text("server", kMaxText);
    answer.error = in.text("error", kMaxText);
    answer.ms = in.milliseconds("ms");
    if (auto whole = in.finish(); !whole) {
      outer.refuse(whole.error().text());
    }
    out.answers.push_back(std::move(answer));
  }
  for (const json& entry : outer.array("measured", kMaxListed)) {
    JsonObject in(entry, "the measure");
    Measure measure;
    measure.what = in.text("what", kMaxText);
    measure.direction = in.text("direction", kMaxText);
    measure.value = in.real("value");
    measure.unit = in.text("unit", kMaxText);
    if (auto whole = in.finish(); !whole) {
      outer.refuse(whole.error().text());
    }
    out.measured.push_back(std::move(measure));
  }
}

base::Result<CheckResult> readResult(const json& document) {
  JsonObject in(document, "the check's result");
  CheckResult out;
  out.index = in.number("index", 0, kMaxResults);
  out.title = in.text("title", kMaxText);
  out.kind = in.text("kind", 16);
  out.pos.file = in.text("file", kMaxText);
  out.pos.line = coordinate(in, "line");
  out.pos.column = coordinate(in, "column");
  out.from = in.text("from", kMaxText);
  out.to = in.text("to", kMaxText);
  out.expected = in.text("expected", kMaxText);
  out.seen = in.text("seen", kMaxText);
  const std::string outcome = in.text("outcome", 16);
  bool known = false;
  for (const auto& [value, name] : kOutcomeNames) {
    if (outcome == name) {
      out.outcome = value;
      known = true;
    }
  }
  if (!known) {
    in.refuse("has an unknown outcome");
  }
  out.rounds = static_cast<unsigned>(in.number("rounds", 0, UINT32_MAX));
  out.elapsedMs = in.milliseconds("elapsed_ms");
  if (const json* times = in.optional("round_trip")) {
    readRoundTrip(*times, out, in);
  }
  readLists(in, out);
  if (auto whole = in.finish(); !whole) {
    return tl::make_unexpected(whole.error());
  }
  return out;
}

}  // namespace

json toJson(const Report& report) {
  json results = json::array();
  for (const CheckResult& result : report.results) {
    results.push_back(toJson(result));
  }
  return {{"lab", report.lab}, {"passed", report.passed()}, {"results", std::move(results)}};
}

base::Result<Report> reportFromJson(const json& document) {
  JsonObject in(document, "the report");
  Report out;
  out.lab = in.text("lab", kMaxText);
  const bool passed = in.boolean("passed");
  for (const json& entry : in.array("results", kMaxResults)) {
    auto result = readResult(entry);
    if (!result) {
      return tl::make_unexpected(std::move(result.error()));
    }
    out.results.push_back(std::move(*result));
  }
  if (passed != out.passed()) {
    in.refuse("contradicts its own results");
  }
  if (auto whole = in.finish(); !whole) {
    return tl::make_unexpected(whole.error());
  }
  return out;
}

}  // namespace vpclab::check
