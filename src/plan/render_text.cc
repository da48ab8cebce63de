#include <algorithm>
#include <array>
#include <map>

#include "plan/fields.h"
#include "plan/order.h"
#include "plan/render.h"

namespace vpclab::plan {

namespace {

// A line of the plan: one step, or several parameters that share everything but their names.
struct Line {
  char sign;
  std::string verb;
  std::string what;
  std::string why;
  std::string place;
  std::string disturbs;
};

std::string placeOf(const Step& step) {
  const std::string place = step.origin.pos.toString();
  return step.formerly && !place.empty() ? "was " + place : place;
}

Line lineOf(const Step& step) {
  static constexpr std::array<char, 3> kSigns = {'+', '~', '-'};
  const bool replaced = step.replacement && step.action == Action::kCreate;
  return {kSigns.at(static_cast<std::size_t>(step.action)),
          replaced ? "create again" : std::string(nameOf(step.action)),
          describe(objectOf(step)),
          step.reason,
          placeOf(step),
          step.disturbs};
}

// "sysctl a=1" and "sysctl b=0" become "sysctl a=1 b=0".
bool mergeParameter(Line& into, const Step& step, const Line& line) {
  static constexpr std::string_view kWord = "sysctl ";
  if (step.key.kind != state::Kind::kSysctl || into.what.rfind(kWord, 0) != 0 || into.verb != line.verb ||
      into.why != line.why || into.disturbs != line.disturbs) {
    return false;
  }
  into.what += " " + line.what.substr(kWord.size());
  return true;
}

// Whether the plan makes the node where there was none.
bool madeFirst(const Plan& plan, const std::string& node) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [&node](const Step& step) {
    return step.key.kind == state::Kind::kNetns && step.key.netns == node && step.action == Action::kCreate &&
           !step.replacement;
  });
}

std::string nodeOf(const Step& step) {
  return step.key.netns.empty() ? "(the whole lab)" : step.key.netns;
}

}  // namespace

std::string summary(const Plan& plan) {
  if (plan.empty()) {
    return "No changes";
  }
  std::array<std::size_t, 3> counts{};
  for (const auto& step : plan.steps) {
    ++counts.at(static_cast<std::size_t>(step.action));
  }
  const std::size_t total = plan.steps.size();
  std::string out = std::to_string(total) + (total == 1 ? " change" : " changes") + " not applied yet";
  const char* separator = ": ";
  for (const auto action : {Action::kCreate, Action::kUpdate, Action::kDelete}) {
    if (const std::size_t count = counts.at(static_cast<std::size_t>(action)); count != 0) {
      out += separator + std::to_string(count) + " to " + std::string(nameOf(action));
      separator = ", ";
    }
  }
  return out;
}

std::string renderText(const Plan& plan) {
  // Nodes in the order in which the plan first speaks of them: what goes, then what comes.
  std::vector<std::string> nodes;
  std::map<std::string, std::vector<Line>> lines;
  for (const auto& step : plan.steps) {
    const std::string node = nodeOf(step);
    auto& list = lines[node];
    if (list.empty()) {
      nodes.push_back(node);
    }
    Line line = lineOf(step);
    if (list.empty() || !mergeParameter(list.back(), step, line)) {
      list.push_back(std::move(line));
    }
  }
  std::string out;
  for (const auto& node : nodes) {
    const bool fresh = madeFirst(plan, node);
    out += node + (fresh ? " (new)\n" : "\n");
    for (const auto& line : lines[node]) {
      out += std::string("  ") + line.sign + " " + line.verb + " " + line.what;
      // In a node that is new, everything is missing.
      out += line.why.empty() || (fresh && line.why == "missing") ? "" : "  (" + line.why + ")";
      out += line.place.empty() ? "" : "  " + line.place;
      out += '\n';
      out += line.disturbs.empty() ? "" : "      ! " + line.disturbs + "\n";
    }
  }
  return out + summary(plan) + "\n";
}

}  // namespace vpclab::plan
