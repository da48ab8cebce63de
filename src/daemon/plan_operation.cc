#include <nlohmann/json.hpp>

#include "daemon/finals.h"
#include "daemon/heap.h"
#include "daemon/operations.h"
#include "daemon/plan_for.h"
#include "daemon/plan_items.h"
#include "daemon/saved_plan.h"
#include "plan/render.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

struct Wanted {
  bool shell = false;
  bool save = false;
  bool details = false;
  plan::Told told = plan::Told::kPlan;
};

// A difference is one of kernel objects; nobody asks for the servers any more, which are most of a large lab.
void dropNouns(Desired& desired) {
  desired.lab.servers = {};
  desired.lab.places = {};
  desired.compiled.nodes = {};
  giveBackHeap(kSpareHeap);
}

api::Final difference(Engine& engine, const Desired& desired, const std::optional<StoredLab>& stored, Wanted wanted,
                      Session& session) {
  auto observed = engine.system().observe(desired.lab.name);
  if (!observed) {
    return failed(observed.error());
  }
  const auto plan = planFor(engine, desired, stored, *observed);
  json data{{"lab", desired.lab.name}};
  if (wanted.details) {
    data["plan"] = sendPlan(session, "/plan", plan);
  }
  if (wanted.save) {
    data["saved"] = savedPlan(plan, desired, stored);
  }
  sendLines(session, plan, wanted.told);
  if (wanted.shell) {
    const std::string script = plan::renderShell(plan, desired.lab.name);
    data["shell"] = script;
    sendText(session, script);
  }
  auto final = finalOf(plan.empty() ? api::Exit::kOk : api::Exit::kDifferences, data);
  final.diagnostics = desired.diagnostics;
  return final;
}

}  // namespace

api::Final planLab(Engine& engine, const api::PlanRequest& request, Session& session) {
  auto desired = loadBundle(request.bundle);
  if (!desired.ok()) {
    return badInput(desired.diagnostics);
  }
  auto hold = engine.hold(desired.lab.name, "plan", session);
  if (!hold) {
    return failed(hold.error());
  }
  const auto& capabilities = engine.probed().capabilities;
  if (!capabilities) {
    return failed(capabilities.error());
  }
  auto stored = engine.store().load(desired.lab.name);
  if (!stored) {
    return failed(stored.error());
  }
  compileInto(desired, *stored ? (*stored)->allocations : compile::Allocations{}, *capabilities);
  judgeNames(desired);
  if (!desired.ok()) {
    return badInput(desired.diagnostics);
  }
  engine.system().share(desired.lab.name, desired.compiled.desired);
  dropNouns(desired);
  return difference(engine, desired, *stored, {request.shell, request.save, request.details}, session);
}

api::Final driftLab(Engine& engine, const std::string& wanted, Session& session) {
  auto lab = engine.pickLab(wanted);
  if (!lab) {
    return failed(lab.error());
  }
  auto hold = engine.hold(*lab, "drift", session);
  if (!hold) {
    return failed(hold.error());
  }
  auto stored = engine.loadStored(*lab);
  if (!stored) {
    return failed(stored.error());
  }
  dropNouns(stored->desired);
  return difference(engine, stored->desired, std::nullopt, {false, false, true, plan::Told::kDrift}, session);
}

}  // namespace vpclab::daemon
