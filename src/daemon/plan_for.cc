#include "daemon/plan_for.h"

namespace vpclab::daemon {

plan::Plan planFor(Engine& engine, const Desired& desired, const std::optional<StoredLab>& stored,
                   const state::State& observed) {
  auto plan = plan::diff(desired.compiled.desired, observed);
  const auto& capabilities = engine.probed().capabilities;
  // What is remembered of a large lab says it too.
  if (!stored || !capabilities || plan::nameDeletions(plan, observed)) {
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
