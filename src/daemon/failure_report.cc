#include "daemon/failure_report.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "plan/render.h"
#include "state/json.h"

namespace vpclab::daemon {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxNamed = 6;

struct Sums {
  std::size_t done = 0;
  std::size_t failed = 0;
  std::size_t leftOut = 0;

  std::size_t all() const { return done + failed + leftOut; }
};

Sums sumsOf(const Settled& settled) {
  Sums out{settled.done, 0, 0};
  for (const auto& round : settled.rounds) {
    for (const auto& step : round.report.steps) {
      ++(step.outcome == plan::Outcome::kDone     ? out.done
         : step.outcome == plan::Outcome::kFailed ? out.failed
                                                  : out.leftOut);
    }
  }
  return out;
}

std::string errnoName(const base::Error& error) {
  const char* name = error.errnoValue() == 0 ? nullptr : ::strerrorname_np(error.errnoValue());
  return name == nullptr ? "" : name;
}

// The steps that were left out because of this one.
std::vector<const plan::Step*> leftOutBy(const plan::Report& report, const plan::StepReport& cause) {
  std::vector<const plan::Step*> out;
  const std::string key = cause.step->key.toString();
  for (const auto& step : report.steps) {
    if (step.outcome == plan::Outcome::kSkipped && step.skippedBecause == key) {
      out.push_back(step.step);
    }
  }
  // Of a node's many parameters nobody wants to read first.
  std::stable_partition(out.begin(), out.end(),
                        [](const plan::Step* step) { return step->key.kind != state::Kind::kSysctl; });
  return out;
}

std::string named(const plan::Step& step) {
  return std::string(plan::nameOf(step.action)) + " " + step.key.toString();
}

// "add the link: File exists [EEXIST]"
std::string why(const plan::StepReport& cause) {
  if (!cause.error) {
    return "failed";
  }
  const std::string name = errnoName(*cause.error);
  return cause.error->message() + (name.empty() ? "" : " [" + name + "]");
}

// "  4 changes that need it were left out: create veth a/eth0, create address a/eth0 10.0.0.2, ..."
std::string leftOutLine(const std::vector<const plan::Step*>& steps) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < std::min(steps.size(), kMaxNamed); ++i) {
    list.push_back(named(*steps[i]));
  }
  if (steps.size() > kMaxNamed) {
    list.push_back("and " + std::to_string(steps.size() - kMaxNamed) + " more");
  }
  return "  " + std::to_string(steps.size()) +
         (steps.size() == 1 ? " change that needs it was" : " changes that need it were") +
         " left out: " + base::join(list, ", ");
}

json causeJson(const plan::Report& report, const plan::StepReport& cause) {
  json keys = json::array();
  for (const auto* step : leftOutBy(report, cause)) {
    keys.push_back(state::toJson(step->key));
  }
  json out{{"action", plan::nameOf(cause.step->action)},
           {"key", state::toJson(cause.step->key)},
           {"origin", state::toJson(*cause.step->origin)},
           {"operation", nullptr},
           {"errno", nullptr},
           {"kernel", nullptr},
           {"error", nullptr},
           {"left_out", std::move(keys)}};
  if (cause.error) {
    out["operation"] = cause.error->text();
    out["error"] = cause.error->message();
    if (const std::string name = errnoName(*cause.error); !name.empty()) {
      out["errno"] = name;
    }
    if (!cause.error->kernelText().empty()) {
      out["kernel"] = cause.error->kernelText();
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> failureLines(const std::string& lab, const Settled& settled) {
  std::vector<std::string> out;
  if (settled.settled) {
    return out;
  }
  const Sums sums = sumsOf(settled);
  std::string last =
      "lab " + lab + ": " + std::to_string(sums.done) + " of " + std::to_string(sums.all()) + " changes were made";
  if (settled.cancelled) {
    out.push_back(last + " before it was stopped on request");
    return out;
  }
  for (const auto& round : settled.rounds) {
    for (const auto* cause : round.report.rootCauses()) {
      out.push_back(describeStep(*cause->step) + ": " + why(*cause));
      if (const auto steps = leftOutBy(round.report, *cause); !steps.empty()) {
        out.push_back(leftOutLine(steps));
      }
    }
  }
  if (sums.failed != 0) {
    last += ", " + std::to_string(sums.failed) + " failed, " + std::to_string(sums.leftOut) + " left out";
  }
  if (settled.error) {
    out.push_back("look at what came of it: " + settled.error->message());
    last += "; whether all is as wanted is not known";
  } else if (sums.failed == 0) {
    out.push_back("still different:");
    for (const auto line : base::split(plan::renderText(settled.left), '\n')) {
      if (!line.empty()) {
        out.emplace_back("  " + std::string(line));
      }
    }
  }
  out.push_back(std::move(last));
  return out;
}

std::string whatToDo(const Settled& settled) {
  if (settled.settled) {
    return "";
  }
  return settled.cancelled ? "; what was made stays: apply it again to go on, or take it down"
                           : "; apply it again once the cause is gone, or take it down";
}

json failureJson(const Settled& settled) {
  if (settled.settled) {
    return nullptr;
  }
  json causes = json::array();
  for (const auto& round : settled.rounds) {
    for (const auto* cause : round.report.rootCauses()) {
      causes.push_back(causeJson(round.report, *cause));
    }
  }
  const Sums sums = sumsOf(settled);
  const bool looked = !settled.error && !settled.cancelled;
  return {{"causes", std::move(causes)},
          {"done", sums.done},
          {"failed", sums.failed},
          {"left_out", sums.leftOut},
          {"different", looked ? json(settled.left.steps.size()) : json(nullptr)},
          {"look", settled.error ? json(settled.error->message()) : json(nullptr)}};
}

base::Diagnostics falseAlarms(const Settled& settled) {
  base::Diagnostics out;
  for (const auto& round : settled.rounds) {
    for (const auto* cause : round.report.rootCauses()) {
      if (settled.settled) {
        out.push_back({base::Severity::kWarning, cause->step->origin->pos, named(*cause->step) + ": " + why(*cause),
                       "a look at the kernel has found all as wanted"});
      }
    }
  }
  return out;
}

}  // namespace vpclab::daemon
