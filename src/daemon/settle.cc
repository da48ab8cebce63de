#include "daemon/settle.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "daemon/heap.h"
#include "plan/outdated.h"
#include "plan/touched.h"

namespace vpclab::daemon {

namespace {

constexpr int kMaxRounds = 8;
constexpr std::chrono::milliseconds kFirstPause{2};

// Nothing: all of the lab, as where it is most of it there is no use in telling them apart.
std::optional<plan::Touched> whereToLook(const plan::Plan& done, const state::State& before) {
  const std::size_t namespaces = before.of(state::Kind::kNetns).size();
  if (namespaces == 0) {
    return std::nullopt;
  }
  auto touched = plan::touchedBy(done.steps, before);
  return namespaces < 2 * touched.namespaces.size() ? std::nullopt : std::optional(std::move(touched));
}

}  // namespace

std::string describeStep(const plan::Step& step) {
  std::string out = std::string(plan::nameOf(step.action)) + " " + step.key.toString();
  if (const std::string place = step.origin->pos.toString(); !place.empty()) {
    out += " (" + place + ")";
  }
  return out;
}

Settled bringTo(const state::State& desired, plan::Plan plan, state::State observed, plan::KernelPort& kernel,
                const std::string& lab, base::Deadline deadline, const plan::Progress& progress, const plan::Tell& tell,
                const std::function<void(const plan::Report& round)>& afterRound) {
  Settled out;
  if (plan.empty()) {
    out.settled = true;
    out.observed = std::move(observed);
    return out;
  }
  for (int round = 0;; ++round) {
    // In place first: the report points into the plan.
    auto& current = out.rounds.emplace_back(Settled::Round{std::move(plan), {}});
    const auto outdated = plan::outdatedNeighbours(current.plan, desired, observed);
    // First while nobody has the addresses, so that whoever is killed in between will do it again; then for MACs that
    // were changed in place.
    current.report = plan::apply(current.plan, kernel, lab, deadline, progress, tell, [&] {
      if (!outdated.empty()) {
        kernel.forgetNeighbours(lab, outdated, deadline);
      }
    });
    if (afterRound) {
      afterRound(current.report);
    }
    if (current.report.cancelled) {
      out.cancelled = true;
      return out;
    }
    const bool wentWell = current.report.ok();
    const auto touched = whereToLook(current.plan, observed);
    if (wentWell) {
      // Its steps and the State that is looked at now would be the most that a large lab needs.
      out.done += current.plan.steps.size();
      out.rounds.pop_back();
      giveBackHeap(kSpareHeap);
    }
    auto now = touched ? kernel.observeAgain(lab, std::move(observed), *touched) : kernel.observe(lab);
    if (!now) {
      out.error = std::move(now.error());
      return out;
    }
    observed = std::move(*now);
    out.left = plan::diff(desired, observed);
    if (out.left.empty()) {
      out.settled = true;
      out.observed = std::move(observed);
      return out;
    }
    if (!wentWell || round + 1 >= kMaxRounds || deadline.passed()) {
      return out;
    }
    std::this_thread::sleep_for(std::min<base::Milliseconds>(kFirstPause * (1 << round), deadline.left()));
    plan = out.left;
  }
}

}  // namespace vpclab::daemon
