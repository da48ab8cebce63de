#include "daemon/settle.h"

#include <algorithm>
#include <thread>

namespace vpclab::daemon {

namespace {

constexpr int kMaxRounds = 8;
constexpr std::chrono::milliseconds kFirstPause{2};

}  // namespace

std::string describeStep(const plan::Step& step) {
  std::string out = std::string(plan::nameOf(step.action)) + " " + step.key.toString();
  if (const std::string place = step.origin.pos.toString(); !place.empty()) {
    out += " (" + place + ")";
  }
  return out;
}

Settled bringTo(const state::State& desired, plan::Plan plan, plan::KernelPort& kernel, const std::string& lab,
                base::Deadline deadline, const plan::Progress& progress, const plan::Tell& tell) {
  Settled out;
  if (plan.empty()) {
    out.settled = true;
    return out;
  }
  for (int round = 0;; ++round) {
    // In place first: the report points into the plan.
    auto& current = out.rounds.emplace_back(Settled::Round{std::move(plan), {}});
    current.report = plan::apply(current.plan, kernel, lab, deadline, progress, tell);
    if (current.report.cancelled) {
      out.cancelled = true;
      return out;
    }
    auto observed = kernel.observe(lab);
    if (!observed) {
      out.error = std::move(observed.error());
      return out;
    }
    out.left = plan::diff(desired, *observed);
    if (out.left.empty()) {
      out.settled = true;
      return out;
    }
    if (!current.report.ok() || round + 1 >= kMaxRounds || deadline.passed()) {
      return out;
    }
    std::this_thread::sleep_for(std::min<base::Milliseconds>(kFirstPause * (1 << round), deadline.left()));
    plan = out.left;
  }
}

}  // namespace vpclab::daemon
