#include <nlohmann/json.hpp>

#include "plan/render.h"
#include "state/json.h"

namespace vpclab::plan {

namespace {

using Json = nlohmann::json;

std::string_view nameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return "done";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kSkipped:
      return "skipped";
  }
  return "unknown";
}

Json objectOrNull(const state::ObjectPtr& object) {
  return object ? state::toJson(*object) : Json(nullptr);
}

}  // namespace

Json toJson(const Step& step) {
  return {{"action", nameOf(step.action)},
          {"key", state::toJson(step.key)},
          {"replacement", step.replacement},
          {"reason", step.reason},
          {"before", objectOrNull(step.before)},
          {"after", objectOrNull(step.after)},
          {"origin", state::toJson(*step.origin)},
          {"formerly", step.formerly},
          {"disturbs", step.disturbs}};
}

Json toJson(const Plan& plan) {
  Json steps = Json::array();
  for (const auto& step : plan.steps) {
    steps.push_back(toJson(step));
  }
  return {{"changes", plan.steps.size()}, {"steps", std::move(steps)}};
}

Json toJson(const StepReport& step) {
  return {{"action", nameOf(step.step->action)},
          {"key", state::toJson(step.step->key)},
          {"outcome", nameOf(step.outcome)},
          {"error", step.error ? Json(step.error->message()) : Json(nullptr)},
          {"skipped_because", step.skippedBecause}};
}

Json toJson(const Report& report) {
  Json steps = Json::array();
  for (const auto& step : report.steps) {
    steps.push_back(toJson(step));
  }
  return {{"ok", report.ok()}, {"cancelled", report.cancelled}, {"steps", std::move(steps)}};
}

}  // namespace vpclab::plan
