#include <algorithm>
#include <array>
#include <map>

#include "plan/fields.h"
#include "plan/order.h"
#include "plan/render.h"

namespace vpclab::plan {

namespace {

// A line of the plan: one step, or several about parameters that share everything but their names.
struct Line {
  char sign;
  std::string verb;
  std::string what;
  std::string why;
  std::string place;
  std::string disturbs;
};

std::string placeOf(const Step& step) {
  const std::string place = step.origin->pos.toString();
  return step.formerly && !place.empty() ? "was " + place : place;
}

// Of parameters only those that are written.
std::string whatOf(const Step& step) {
  if (step.after && step.key.kind == state::Kind::kSysctl) {
    auto sysctls = std::get<state::Sysctls>(*step.after);
    sysctls.parameters = state::toWrite(sysctls, step.before ? &std::get<state::Sysctls>(*step.before) : nullptr);
    return describe(sysctls);
  }
  return describe(objectOf(step));
}

Line lineOf(const Step& step) {
  static constexpr std::array<char, 3> kSigns = {'+', '~', '-'};
  const bool replaced = step.replacement && step.action == Action::kCreate;
  return {kSigns.at(static_cast<std::size_t>(step.action)),
          replaced ? "create again" : std::string(nameOf(step.action)),
          whatOf(step),
          step.reason,
          placeOf(step),
          step.disturbs};
}

// "sysctl a=1" and "sysctl b=0", of two links of a node, become "sysctl a=1 b=0".
bool mergeParameters(Line& into, const Step& step, const Line& line) {
  static constexpr std::string_view kWord = "sysctl ";
  if (step.key.kind != state::Kind::kSysctl || into.what.rfind(kWord, 0) != 0 || into.verb != line.verb ||
      into.why != line.why || into.disturbs != line.disturbs) {
    return false;
  }
  into.what += " " + line.what.substr(kWord.size());
  return true;
}

using Steps = std::vector<const Step*>;

// Whether they make the node where there was none.
bool makeFirst(const Steps& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Step* step) {
    return step->key.kind == state::Kind::kNetns && step->action == Action::kCreate && !step->replacement;
  });
}

std::vector<Line> linesOf(const Steps& steps) {
  std::vector<Line> out;
  for (const Step* step : steps) {
    Line line = lineOf(*step);
    if (out.empty() || !mergeParameters(out.back(), *step, line)) {
      out.push_back(std::move(line));
    }
  }
  return out;
}

std::string textOf(const Line& line, bool fresh) {
  std::string out = std::string("  ") + line.sign + " " + line.verb + " " + line.what;
  // In a node that is new, everything is missing.
  out += line.why.empty() || (fresh && line.why == "missing") ? "" : "  (" + line.why + ")";
  out += line.place.empty() ? "" : "  " + line.place;
  return out;
}

std::string nodeOf(const Step& step) {
  return step.key.netns.empty() ? "(the whole lab)" : step.key.netns;
}

}  // namespace

std::string summary(const Plan& plan, Told told) {
  const bool drift = told == Told::kDrift;
  if (plan.empty()) {
    return drift ? "No differences" : "No changes";
  }
  std::array<std::size_t, 3> counts{};
  for (const auto& step : plan.steps) {
    ++counts.at(static_cast<std::size_t>(step.action));
  }
  const std::size_t total = plan.steps.size();
  std::string out = std::to_string(total) + (drift ? " difference" : " change") + (total == 1 ? "" : "s") +
                    (drift ? " from what was applied" : " not applied yet");
  const char* separator = ": ";
  for (const auto action : {Action::kCreate, Action::kUpdate, Action::kDelete}) {
    if (const std::size_t count = counts.at(static_cast<std::size_t>(action)); count != 0) {
      out += separator + std::to_string(count) + " to " + std::string(nameOf(action));
      separator = ", ";
    }
  }
  return out;
}

void renderLines(const Plan& plan, const std::function<void(std::string line)>& take, Told told) {
  // Nodes in the order in which the plan first speaks of them: what goes, then what comes.
  std::vector<Steps> nodes;
  std::map<std::string, std::size_t> places;
  for (const auto& step : plan.steps) {
    const auto [place, isNew] = places.emplace(nodeOf(step), nodes.size());
    if (isNew) {
      nodes.emplace_back();
    }
    nodes[place->second].push_back(&step);
  }
  for (const auto& steps : nodes) {
    const bool fresh = makeFirst(steps);
    take(nodeOf(*steps.front()) + (fresh ? " (new)" : ""));
    for (const auto& line : linesOf(steps)) {
      take(textOf(line, fresh));
      if (!line.disturbs.empty()) {
        take("      ! " + line.disturbs);
      }
    }
  }
  take(summary(plan, told));
}

std::string renderText(const Plan& plan) {
  std::string out;
  renderLines(plan, [&out](const std::string& line) { out += line + "\n"; });
  return out;
}

}  // namespace vpclab::plan
