#include "daemon/plan_for.h"

#include <algorithm>

namespace vpclab::daemon {

plan::Plan planFor(Engine& engine, const Desired& desired, const std::optional<StoredLab>& stored,
                   const state::State& observed) {
  auto plan = plan::diff(desired.compiled.desired, observed);
  const bool deletes = std::any_of(plan.steps.begin(), plan.steps.end(), [](const plan::Step& step) {
    return step.action == plan::Action::kDelete && !step.replacement;
  });
  const auto& capabilities = engine.probed().capabilities;
  if (!deletes || !stored || !capabilities) {
    return plan;
  }
  Desired before = loadBundle(stored->bundle);
  if (before.ok()) {
    compileInto(before, stored->allocations, *capabilities);
  }
  if (before.ok()) {
    plan::nameDeletions(plan, before.compiled.desired);
  }
  return plan;
}

}  // namespace vpclab::daemon
