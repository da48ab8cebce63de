#include "daemon/plan_items.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "daemon/session.h"
#include "plan/render.h"

using namespace vpclab;
using nlohmann::json;

namespace {

constexpr std::size_t kMost = 200;  // items that are held at once

// Keeps what it is sent.
class Kept : public daemon::Session {
 public:
  void send(const api::Event& event) override { events.push_back(event); }
  bool stopped() override { return false; }
  bool ending() const override { return false; }
  bool ready(base::Deadline) override { return true; }
  daemon::Peer peer() const override { return {}; }
  int socket() const override { return -1; }

  std::vector<api::Event> events;
};

plan::Plan planOf(std::size_t steps) {
  state::State desired;
  for (std::size_t i = 0; i < steps; ++i) {
    desired.add(state::Netns{"n" + std::to_string(i)});
  }
  return plan::diff(desired, {});
}

// The list as a client puts it together.
json together(const Kept& session, const std::string& list) {
  json out = json::array();
  for (const auto& event : session.events) {
    const auto* items = std::get_if<api::Items>(&event);
    REQUIRE(items != nullptr);
    CHECK(items->list == list);
    const auto part = json::parse(items->items, nullptr, false);
    REQUIRE(part.is_array());
    CHECK_FALSE(part.empty());
    CHECK(part.size() <= kMost);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace

TEST_CASE("a plan's steps go ahead of the answer, a few at a time and none twice") {
  for (const std::size_t steps : {std::size_t{0}, std::size_t{1}, kMost, kMost + 1, 2 * kMost, 3 * kMost - 1}) {
    CAPTURE(steps);
    const auto plan = planOf(steps);
    Kept session;
    auto data = daemon::sendPlan(session, "/plan", plan);
    CHECK(session.events.size() == (steps + kMost - 1) / kMost);
    CHECK(data["steps"] == json::array());
    data["steps"] = together(session, "/plan/steps");
    CHECK(data == plan::toJson(plan));
  }
}

TEST_CASE("a round's outcomes go ahead of the answer, too") {
  const auto plan = planOf(kMost + 1);
  plan::Report report;
  report.cancelled = true;
  for (const auto& step : plan.steps) {
    report.steps.push_back({&step, plan::Outcome::kDone, std::nullopt, {}});
  }
  report.steps.back().outcome = plan::Outcome::kSkipped;
  report.steps.back().skippedBecause = "netns n0";
  Kept session;
  auto data = daemon::sendReport(session, "/rounds/1", report);
  CHECK(data["steps"] == json::array());
  data["steps"] = together(session, "/rounds/1/steps");
  CHECK(data == plan::toJson(report));
}

TEST_CASE("a plan's lines for people come in several events, and are its text") {
  const auto plan = planOf(2 * kMost + 7);
  Kept session;
  daemon::sendLines(session, plan);
  CHECK(session.events.size() > 2);
  std::string text;
  for (const auto& event : session.events) {
    const auto* part = std::get_if<api::PlanEvent>(&event);
    REQUIRE(part != nullptr);
    CHECK(part->changes == static_cast<std::int64_t>(plan.steps.size()));
    CHECK_FALSE(part->lines.empty());
    CHECK(part->lines.size() < 2 * kMost);
    for (const auto& line : part->lines) {
      text += line + "\n";
    }
  }
  CHECK(text == plan::renderText(plan));
}
