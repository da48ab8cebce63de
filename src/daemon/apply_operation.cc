#include <nlohmann/json.hpp>
#include <unistd.h>

#include "api/json_reader.h"
#include "base/text.h"
#include "daemon/check_run.h"
#include "daemon/early_look.h"
#include "daemon/failure_report.h"
#include "daemon/finals.h"
#include "daemon/log.h"
#include "daemon/operations.h"
#include "daemon/permission.h"
#include "daemon/plan_for.h"
#include "daemon/plan_items.h"
#include "daemon/preflight.h"
#include "daemon/profile.h"
#include "daemon/saved_plan.h"
#include "daemon/settle.h"
#include "daemon/take_down.h"
#include "plan/render.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

// Enough for a lab of thousands of nodes on a slow machine.
constexpr std::chrono::minutes kApplyTime{10};

// For the next boot, where the lab's file wants that.
base::Result<> keepFor(const Engine& engine, const Desired& desired, const api::Bundle& bundle) {
  return desired.lab.restartAlways ? engine.kept().keep(desired.lab.name, bundle, desired.allocations)
                                   : engine.kept().forget(desired.lab.name);
}

// Whether a plan that is kept is still the one that would be made now.
base::Result<> isExpected(const std::string& expected, const json& now) {
  const auto kept = api::parseJson(expected, "plan");
  if (!kept) {
    return base::fail(kept.error());
  }
  const auto moved = whatMoved(*kept, now);
  if (moved.empty()) {
    return {};
  }
  return base::fail(base::ErrorKind::kExists, "lab " + now.at("lab").get<std::string>() +
                                                  " has moved since the plan was made; nothing was changed: " +
                                                  base::join(moved, "; ") + "; make a new plan");
}

struct Changed {
  bool ok = false;
  bool begun = false;        // changes were made, or at least tried
  bool fromNothing = false;  // the kernel had nothing of the lab
  api::Final final;
  std::string whatToDo;  // the end of the errors' last line, unless it is rolled back
  json data;
  state::State observed;  // of what was changed; only if `ok`
};

// What of the plan the client is told.
struct Telling {
  bool steps = false;    // a line for each
  bool details = false;  // the data has each, and its outcome
};

// From what the kernel has, `observed` through `kernel`, to what is desired. `beforeChange` is given the plan before
// the first change, and may refuse.
Changed bring(Engine& engine, const std::string& verb, const Desired& desired, const std::optional<StoredLab>& stored,
              Session& session, const std::function<base::Result<>(const plan::Plan&)>& beforeChange, Telling telling,
              base::Result<state::State> observed, TimedKernel& kernel, Profile& profile) {
  const std::string& lab = desired.lab.name;
  Changed out;
  if (!observed) {
    out.final = failed(observed.error());
    return out;
  }
  out.fromNothing = observed->empty();
  auto plan = [&] {
    const Profile::Scope scope(profile, "diff");
    return planFor(engine, desired, stored, *observed);
  }();
  const auto needs = needsOf(plan, desired.compiled.desired);
  auto lacking = shortages(needs, readHostLimits(needs));
  base::Result<> ready;
  if (lacking.empty()) {
    const Profile::Scope scope(profile, "store");
    ready = beforeChange(plan);
  }
  if (lacking.empty() && ready) {
    kernel.prepare(lab, plan);  // while the plan is being told
  }
  session.send(api::Heading{lab, desired.lab.section.empty() ? desired.lab.title : desired.lab.section});
  if (telling.steps) {
    sendLines(session, plan);
  } else {
    session.send(api::PlanEvent{static_cast<std::int64_t>(plan.steps.size()), {plan::summary(plan)}});
  }
  out.data = {{"lab", lab}};
  if (telling.details) {
    out.data["plan"] = sendPlan(session, "/plan", plan);
  }
  if (!lacking.empty()) {
    out.final = finalOf(api::Exit::kFailed, out.data);
    out.final.errors = std::move(lacking);
    out.final.errors.push_back("lab " + lab + ": nothing was changed");
    return out;
  }
  if (!ready) {
    out.final = failed(ready.error());
    out.final.data = api::dumpJson(out.data);  // the plan's steps have gone ahead, and belong there
    return out;
  }
  const std::size_t total = plan.steps.size();
  Journal::Work work(engine.journal(), lab, verb, session.peer(), total);
  json rounds = json::array();
  auto settled = bringTo(
      desired.compiled.desired, std::move(plan), std::move(*observed), kernel, lab, base::Deadline::after(kApplyTime),
      progressTo(session), [&](std::span<const plan::StepReport> steps) { work.done(steps); },
      [&](const plan::Report& round) {
        if (telling.details) {
          rounds.push_back(sendReport(session, "/rounds/" + std::to_string(rounds.size()), round));
        }
      });
  out.begun = true;
  if (telling.details) {
    out.data["rounds"] = std::move(rounds);
  }
  out.data["settled"] = settled.settled;
  if (!settled.settled) {
    out.data["failure"] = failureJson(settled);
  }
  out.data["profile"] = profile.toJson();
  out.data["profile_kinds"] = profile.kindsToJson();
  out.final = finalOf(settled.settled ? api::Exit::kOk : api::Exit::kFailed, out.data);
  out.final.errors = failureLines(lab, settled);
  out.whatToDo = whatToDo(settled);
  out.final.diagnostics = falseAlarms(settled);
  work.ended(out.final.errors);
  out.ok = settled.settled;
  out.observed = std::move(settled.observed);
  return out;
}

// The same, told to those who follow the lab where it has not even begun.
Changed change(Engine& engine, const std::string& verb, const Desired& desired, const std::optional<StoredLab>& stored,
               Session& session, const std::function<base::Result<>(const plan::Plan&)>& beforeChange, Telling telling,
               base::Result<state::State> observed, TimedKernel& kernel, Profile& profile) {
  auto out = bring(engine, verb, desired, stored, session, beforeChange, telling, std::move(observed), kernel, profile);
  if (!out.begun) {
    engine.journal().refused(desired.lab.name, verb, out.final.errors);
  }
  return out;
}

// What was seen at the end, which is what is desired, with what the file says of it: the next plan can name what it
// takes away.
void remember(Engine& engine, const Desired& desired, state::State observed) {
  observed.adoptOrigins(desired.compiled.desired);
  engine.system().remember(desired.lab.name, std::move(observed));
}

// What was made by the first apply of a lab, which has failed, is taken away. Of an earlier one nothing is: that would
// be more than was asked for. Returns whether nothing is left.
bool rollBack(Engine& engine, const std::string& lab, bool first, Session& session, api::Final& final) {
  if (!first) {
    final.errors.push_back("lab " + lab + ": not rolled back: it was there before");
    return false;
  }
  const auto errors = takeDown(engine, lab, session);
  final.errors.insert(final.errors.end(), errors.begin(), errors.end());
  if (!errors.empty()) {
    final.errors.push_back("lab " + lab + ": not rolled back: some of it is left");
    return false;
  }
  final.errors.push_back("lab " + lab + ": rolled back: nothing of it is left");
  auto data = json::parse(final.data, nullptr, false);
  data["rolled_back"] = true;
  data["daemon_ends"] = endIfLast(engine, 1);
  final.data = api::dumpJson(data);
  return true;
}

void tellWhatToDo(Changed& changed) {
  if (!changed.final.errors.empty()) {
    changed.final.errors.back() += changed.whatToDo;
  }
}

// What an apply begins with, before it is known whether there is anything to apply.
struct Beginning {
  Beginning(Engine& engine, const api::ApplyRequest& request, const Session& session)
      : kernel(engine.system(), profile, kernel::Memory::kUse),
        early(engine, kernel, request.bundle, request.checks ? "up" : "apply", session) {}

  Profile profile;
  TimedKernel kernel;
  EarlyLook early;
};

}  // namespace

api::Final applyLab(Engine& engine, const api::ApplyRequest& request, Session& session) {
  const auto beginning = std::make_shared<Beginning>(engine, request, session);
  Profile& profile = beginning->profile;
  TimedKernel& kernel = beginning->kernel;
  EarlyLook& early = beginning->early;
  auto desired = [&] {
    const Profile::Scope scope(profile, "load");
    return loadBundle(request.bundle);
  }();
  // Who is refused need not wait for the end of a look.
  if (!desired.ok()) {
    session.keep(beginning);
    return badInput(desired.diagnostics);
  }
  if (auto allowed = mayApply(desired.lab, session.peer().uid, ::geteuid()); !allowed) {
    session.keep(beginning);
    return failed(allowed.error());
  }
  const std::string lab = desired.lab.name;
  if (auto begun = early.begin(lab); !begun) {
    return failed(begun.error());
  }
  const auto& capabilities = [&]() -> auto& {
    const Profile::Scope scope(profile, "wait for the probe");
    return engine.probed().capabilities;
  }
  ();
  if (!capabilities) {
    return failed(capabilities.error());
  }
  auto stored = early.stored();
  if (!stored) {
    return failed(stored.error());
  }
  const compile::Allocations previous = *stored ? (*stored)->allocations : compile::Allocations{};
  const auto former = engine.reached().of(lab);
  {
    const Profile::Scope scope(profile, "compile");
    compileInto(desired, previous, *capabilities, former.get());
    judgeNames(desired);
  }
  if (!desired.ok()) {
    return badInput(desired.diagnostics);
  }
  auto observed = early.observed();
  if (observed) {
    const Profile::Scope scope(profile, "share");
    desired.compiled.desired.shareWith(*observed);
  }
  // Before the first change: after a crash at any moment the keys are the ones that the tunnels have, and `heal` goes
  // on to what was wanted.
  auto changed = change(
      engine, "apply", desired, *stored, session,
      [&](const plan::Plan& plan) -> base::Result<> {
        if (!request.expected.empty()) {
          if (auto same = isExpected(request.expected, savedPlan(plan, desired, *stored)); !same) {
            return same;
          }
        }
        if (auto kept = keepFor(engine, desired, request.bundle); !kept) {
          return kept;
        }
        if (!*stored || desired.allocations != previous) {
          if (auto saved = engine.store().saveAllocations(lab, desired.allocations); !saved) {
            return saved;
          }
        }
        if (*stored && (*stored)->bundle == request.bundle) {
          return {};
        }
        logInfo("lab " + lab + ": wanted as in " + request.bundle.path + ", by pid " +
                std::to_string(session.peer().pid));
        return engine.store().saveBundle(lab, request.bundle);
      },
      {request.steps, request.details}, std::move(observed), kernel, profile);
  if (changed.begun) {
    // Even after a failure: what came up is watched from now on.
    engine.onChange(lab, true);
  }
  auto diagnostics = desired.diagnostics;
  diagnostics.insert(diagnostics.end(), changed.final.diagnostics.begin(), changed.final.diagnostics.end());
  changed.final.diagnostics = diagnostics;
  const bool isToGo = changed.begun && !changed.ok && request.rollback;
  if (!isToGo || !rollBack(engine, lab, changed.fromNothing && !*stored, session, changed.final)) {
    tellWhatToDo(changed);
  }
  auto final = std::move(changed.final);
  if (changed.ok && request.checks) {
    final = runChecks(engine, desired, changed.observed, {request.colours, false}, std::move(changed.data), session);
    final.diagnostics = std::move(diagnostics);
  }
  if (changed.ok) {
    remember(engine, desired, std::move(changed.observed));
  }
  const auto last = std::make_shared<const Desired>(std::move(desired));
  if (changed.ok) {
    engine.reached().set(lab, last);
  }
  session.keep(former);
  session.keep(last);
  return final;
}

api::Final healLab(Engine& engine, const std::string& wanted, Session& session) {
  auto lab = engine.pickLab(wanted);
  if (!lab) {
    return failed(lab.error());
  }
  auto hold = engine.hold(*lab, "heal", session);
  if (!hold) {
    return failed(hold.error());
  }
  auto stored = engine.loadStored(*lab);
  if (!stored) {
    return failed(stored.error());
  }
  Profile profile;
  TimedKernel kernel(engine.system(), profile, kernel::Memory::kKeep);
  auto observed = kernel.observe(*lab);
  auto changed = change(
      engine, "heal", stored->desired, std::nullopt, session,
      [&](const plan::Plan&) -> base::Result<> {
        if (stored->desired.allocations == stored->stored.allocations) {
          return {};
        }
        if (auto kept = keepFor(engine, stored->desired, stored->stored.bundle); !kept) {
          return kept;
        }
        return engine.store().saveAllocations(*lab, stored->desired.allocations);
      },
      {true, true}, std::move(observed), kernel, profile);
  if (changed.ok) {
    // Only then: it tells the supervisor that there is nothing left to heal.
    engine.onChange(*lab, true);
    remember(engine, stored->desired, std::move(changed.observed));
    session.keep(engine.reached().of(*lab));
    engine.reached().set(*lab, std::make_shared<const Desired>(std::move(stored->desired)));
  }
  tellWhatToDo(changed);
  return changed.final;
}

}  // namespace vpclab::daemon
