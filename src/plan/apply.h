#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/kernel_port.h"

namespace vpclab::plan {

enum class Outcome : std::uint8_t { kDone, kFailed, kSkipped };

struct StepReport {
  const Step* step = nullptr;  // into the plan that was applied
  Outcome outcome = Outcome::kDone;
  std::optional<base::Error> error;   // kFailed
  base::SharedString skippedBecause;  // kSkipped: the key of the step that failed first
};

struct Report {
  std::vector<StepReport> steps;
  bool cancelled = false;

  bool ok() const;
  // The failures that caused others, each told once.
  std::vector<const StepReport*> rootCauses() const;
};

// Called after each batch with the steps done so far and in all. Return false to stop cleanly after this batch.
using Progress = std::function<bool(std::size_t done, std::size_t total)>;
// Called after each batch with its steps.
using Tell = std::function<void(std::span<const StepReport> steps)>;
// Called when what the plan deletes is gone and nothing has been made yet, and once more at the end.
using Cleared = std::function<void()>;

// Carries out the plan. A failed step stops what depends on it; the rest goes on.
Report apply(const Plan& plan, KernelPort& kernel, const std::string& lab, base::Deadline deadline,
             const Progress& progress = {}, const Tell& tell = {}, const Cleared& cleared = {});

}  // namespace vpclab::plan
