#include "daemon/plan_items.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "daemon/finals.h"
#include "plan/render.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

constexpr std::size_t kAtOnce = 200;

template <class Steps>
void sendSteps(Session& session, const std::string& where, const Steps& steps) {
  for (std::size_t begin = 0; begin < steps.size(); begin += kAtOnce) {
    json items = json::array();
    for (std::size_t i = begin; i < std::min(steps.size(), begin + kAtOnce); ++i) {
      items.push_back(plan::toJson(steps[i]));
    }
    session.send(api::Items{where + "/steps", api::dumpJson(items)});
  }
}

}  // namespace

void sendLines(Session& session, const plan::Plan& plan, plan::Told told) {
  api::PlanEvent event{static_cast<std::int64_t>(plan.steps.size()), {}};
  plan::renderLines(
      plan,
      [&](const std::string& line) {
        for (auto& part : linesOf(line)) {
          event.lines.push_back(std::move(part));
        }
        if (event.lines.size() >= kAtOnce) {
          session.send(event);
          event.lines.clear();
        }
      },
      told);
  if (!event.lines.empty()) {
    session.send(event);
  }
}

plan::Progress progressTo(Session& session) {
  return [&session, last = std::size_t{0}](std::size_t done, std::size_t total) mutable {
    if (done == total || (done - last) * 100 >= total) {
      last = done;
      session.send(api::Progress{"apply", static_cast<std::int64_t>(done), static_cast<std::int64_t>(total)});
    }
    return !session.stopped();
  };
}

json sendPlan(Session& session, const std::string& where, const plan::Plan& plan) {
  sendSteps(session, where, plan.steps);
  return {{"changes", plan.steps.size()}, {"steps", json::array()}};
}

json sendReport(Session& session, const std::string& where, const plan::Report& report) {
  sendSteps(session, where, report.steps);
  return {{"ok", report.ok()}, {"cancelled", report.cancelled}, {"steps", json::array()}};
}

}  // namespace vpclab::daemon
