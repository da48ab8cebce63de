#include "daemon/settle.h"

#include <algorithm>
#include <cstring>
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

namespace {

// "create veth a/eth0 (lab.yaml:3:5): add the link: File exists [EEXIST]; 4 changes that need it were left out"
std::string failureText(const plan::Report& report, const plan::StepReport& failed) {
  std::string out = describeStep(*failed.step) + ": ";
  if (!failed.error) {
    return out + "failed";
  }
  out += failed.error->message();
  if (const char* name = ::strerrorname_np(failed.error->errnoValue()); failed.error->errnoValue() != 0 && name) {
    out += std::string(" [") + name + "]";
  }
  const std::string key = failed.step->key.toString();
  const auto left = std::count_if(report.steps.begin(), report.steps.end(), [&](const plan::StepReport& step) {
    return step.outcome == plan::Outcome::kSkipped && step.skippedBecause == key;
  });
  if (left != 0) {
    out += "; " + std::to_string(left) + (left == 1 ? " change that needs it was" : " changes that need it were") +
           " left out";
  }
  return out;
}

}  // namespace

std::vector<std::string> Settled::failures() const {
  std::vector<std::string> out;
  if (error) {
    out.push_back(error->message());
  }
  for (const auto& round : rounds) {
    for (const auto* failed : round.report.rootCauses()) {
      out.push_back(failureText(round.report, *failed));
    }
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
