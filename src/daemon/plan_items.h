#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "daemon/session.h"
#include "plan/apply.h"
#include "plan/render.h"

namespace vpclab::daemon {

// The plan for people, step by step, in as many PlanEvents as it needs.
void sendLines(Session& session, const plan::Plan& plan, plan::Told told = plan::Told::kPlan);

// Tells how far an apply has come, in at most about a hundred events, however many batches there are; the apply stops
// where the session was.
plan::Progress progressTo(Session& session);

// What plan::toJson() says, for programs, a few steps at a time: they go ahead of the Final, as items of the list
// `steps` of what is returned and is to stand at `where` (a JSON pointer) in the Final's data.
nlohmann::json sendPlan(Session& session, const std::string& where, const plan::Plan& plan);
nlohmann::json sendReport(Session& session, const std::string& where, const plan::Report& report);

}  // namespace vpclab::daemon
