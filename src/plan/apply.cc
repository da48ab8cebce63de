#include "plan/apply.h"

#include <optional>
#include <span>
#include <utility>

#include "plan/dependencies.h"
#include "plan/order.h"

namespace vpclab::plan {

namespace {

class Run {
 public:
  Run(const Plan& plan, KernelPort& kernel, const std::string& lab, base::Deadline deadline)
      : plan_(plan), kernel_(kernel), lab_(lab), deadline_(deadline) {
    report_.steps.resize(plan.steps.size());
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      report_.steps[i].step = &plan.steps[i];
    }
  }

  Report go(const Progress& progress, const Tell& tell, const Cleared& cleared) {
    const std::size_t total = plan_.steps.size();
    bool deleting = true;
    for (std::size_t begin = 0; begin < total;) {
      if (deleting && plan_.steps[begin].action != Action::kDelete) {
        deleting = false;
        call(cleared);
      }
      const std::size_t end = endOfBatch(begin);
      batch(begin, end);
      told(tell, begin, end);
      begin = end;
      if (progress && !progress(begin, total) && begin < total) {
        report_.cancelled = true;
        for (std::size_t i = begin; i < total; ++i) {
          skip(i, "cancelled");
        }
        told(tell, begin, total);
        begin = total;
      }
    }
    call(cleared);
    return std::move(report_);
  }

 private:
  static void call(const Cleared& cleared) {
    if (cleared) {
      cleared();
    }
  }

  void told(const Tell& tell, std::size_t begin, std::size_t end) const {
    if (tell) {
      tell(std::span(report_.steps).subspan(begin, end - begin));
    }
  }

  std::size_t endOfBatch(std::size_t begin) {
    const Step& first = plan_.steps[begin];
    const int batch = batchOf(first);
    std::size_t end = begin + 1;
    while (end < plan_.steps.size() && plan_.steps[end].action == first.action && batchOf(plan_.steps[end]) == batch &&
           (isOrderedBatch(batch) || !needsFrom(end, begin))) {
      ++end;
    }
    return end;
  }

  std::span<const std::uint32_t> needsOf(std::size_t i) {
    if (!needs_) {
      needs_.emplace(plan_);
    }
    return needs_->of(i);
  }

  // Whether step `i` needs one at or after `begin`: then they cannot share a batch. So it is with the two updates of a
  // process that first lets go of old sockets and then opens new ones, where nothing else is between them.
  bool needsFrom(std::size_t i, std::size_t begin) {
    const auto needs = needsOf(i);
    return !needs.empty() && needs.back() >= begin;  // sorted
  }

  void batch(std::size_t begin, std::size_t end) {
    std::vector<std::size_t> indices;
    for (std::size_t i = begin; i < end; ++i) {
      if (const base::SharedString cause = causeToSkip(i); !cause.empty()) {
        skip(i, cause);
      } else {
        indices.push_back(i);
      }
    }
    if (indices.empty()) {
      return;
    }
    if (deadline_.passed()) {
      expire(indices);
      return;
    }
    // Most of the time all of them, which need not be copied.
    std::vector<Step> some;
    if (indices.size() != end - begin) {
      for (const std::size_t i : indices) {
        some.push_back(plan_.steps[i]);
      }
    }
    const auto span = some.empty() ? std::span(&plan_.steps[begin], end - begin) : std::span(std::as_const(some));
    auto results = kernel_.execute(lab_, span, deadline_);
    for (std::size_t i = 0; i < indices.size(); ++i) {
      if (i >= results.size()) {
        fail(indices[i], base::Error(base::ErrorKind::kInternal, "the kernel port did not report on this step"));
      } else if (!results[i]) {
        // In an ordered batch what it needs may have failed in the same call: that is the root cause.
        if (const base::SharedString cause = causeToSkip(indices[i]); !cause.empty()) {
          skip(indices[i], cause);
        } else {
          fail(indices[i], std::move(results[i].error()));
        }
      }
    }
  }

  // The first step that finds the deadline passed says so; the rest is skipped because of it, and it is told once.
  void expire(const std::vector<std::size_t>& indices) {
    for (const std::size_t i : indices) {
      if (expiredAt_.empty()) {
        expiredAt_ = plan_.steps[i].key.toString();
        fail(i, base::Error(base::ErrorKind::kTimeout, "the deadline passed before this step could begin"));
      } else {
        skip(i, expiredAt_);
      }
    }
  }

  // The key of the step whose failure keeps this one from succeeding; empty: none.
  base::SharedString causeToSkip(std::size_t i) {
    if (!hasFailed_) {
      return "";
    }
    for (const std::size_t need : needsOf(i)) {
      const StepReport& earlier = report_.steps[need];
      if (earlier.outcome == Outcome::kFailed) {
        return earlier.step->key.toString();
      }
      if (earlier.outcome == Outcome::kSkipped) {
        return earlier.skippedBecause;
      }
    }
    return "";
  }

  void skip(std::size_t i, base::SharedString because) {
    report_.steps[i].outcome = Outcome::kSkipped;
    report_.steps[i].skippedBecause = std::move(because);
  }
  void fail(std::size_t i, base::Error error) {
    hasFailed_ = true;
    report_.steps[i].outcome = Outcome::kFailed;
    report_.steps[i].error = std::move(error);
  }

  const Plan& plan_;
  KernelPort& kernel_;
  const std::string& lab_;
  base::Deadline deadline_;
  std::optional<Dependencies> needs_;  // made when first asked for: where all goes well, nobody asks
  bool hasFailed_ = false;
  base::SharedString expiredAt_;
  Report report_;
};

}  // namespace

bool Report::ok() const {
  for (const auto& step : steps) {
    if (step.outcome != Outcome::kDone) {
      return false;
    }
  }
  return !cancelled;
}

std::vector<const StepReport*> Report::rootCauses() const {
  std::vector<const StepReport*> out;
  for (const auto& step : steps) {
    if (step.outcome == Outcome::kFailed) {
      out.push_back(&step);
    }
  }
  return out;
}

Report apply(const Plan& plan, KernelPort& kernel, const std::string& lab, base::Deadline deadline,
             const Progress& progress, const Tell& tell, const Cleared& cleared) {
  return Run(plan, kernel, lab, deadline).go(progress, tell, cleared);
}

}  // namespace vpclab::plan
