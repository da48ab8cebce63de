#include <algorithm>
#include <functional>
#include <span>
#include <tuple>
#include <utility>

#include "plan/disturbance.h"
#include "plan/fields.h"
#include "plan/forecast.h"
#include "plan/order.h"
#include "plan/plan.h"

namespace vpclab::plan {

using namespace vpclab::state;

namespace {

// The order of execution within one direction: tier, then action, so that equal ones stand together for batches.
template <class Less>
void sortSteps(std::vector<Step>& steps, Less tierLess) {
  struct Place {
    int tier;
    const Step* step;
  };
  std::vector<Place> places;  // steps are large, and each tier is computed once
  places.reserve(steps.size());
  for (const Step& step : steps) {
    places.push_back({tierOf(step), &step});
  }
  std::stable_sort(places.begin(), places.end(), [&](const Place& x, const Place& y) {
    return x.tier != y.tier ? tierLess(x.tier, y.tier)
                            : std::tie(x.step->action, x.step->key) < std::tie(y.step->action, y.step->key);
  });
  // In place, ring by ring: a second vector of them would be the most that a large lab's plan needs.
  std::vector<std::size_t> from;
  from.reserve(steps.size());
  for (const Place& place : places) {
    from.push_back(static_cast<std::size_t>(place.step - steps.data()));
  }
  for (std::size_t start = 0; start < from.size(); ++start) {
    if (from[start] == start) {
      continue;
    }
    Step first = std::move(steps[start]);
    std::size_t to = start;
    while (from[to] != start) {
      steps[to] = std::move(steps[from[to]]);
      to = std::exchange(from[to], to);
    }
    steps[to] = std::move(first);
    from[to] = to;
  }
}

std::vector<Step> deletions(const State& desired, const State& observed, const Forecast& forecast) {
  std::vector<Step> steps;
  for (const auto& [key, reason] : forecast.doomed) {
    const Entry* want = desired.find(key);
    steps.push_back({Action::kDelete, key, observed.find(key)->object, nullptr, want != nullptr, false, reason,
                     want == nullptr ? noOrigin() : want->origin});
  }
  // A process that stays but must let go of sockets in namespaces that are no longer there: the sockets would keep
  // those namespaces alive, and the new ones of the same name would go unserved.
  for (const Entry& after : forecast.altered.of(Kind::kProcess)) {
    steps.push_back({Action::kUpdate, after.key(), observed.find(after.key())->object, after.object, false, false,
                     "namespaces of its sockets go"});
  }
  sortSteps(steps, std::greater<>());
  return steps;
}

base::SharedString reasonToCreate(const Key& key, const State& desired, const Forecast& forecast) {
  static const base::SharedString kMissing = "missing";
  if (const auto doomed = forecast.doomed.find(key); doomed != forecast.doomed.end()) {
    return doomed->second;
  }
  if (const auto implied = forecast.implied.find(key); implied != forecast.implied.end()) {
    return "its " + implied->second.toString() + (desired.find(implied->second) != nullptr ? " is replaced" : " goes");
  }
  return kMissing;
}

std::shared_ptr<const Key> clearedBy(const Key& key, const Forecast& forecast) {
  auto cause = forecast.implied.find(key);
  if (cause == forecast.implied.end()) {
    return nullptr;
  }
  // A link that goes with its namespace takes its routes along: it is the namespace that has a step.
  for (auto next = cause; next != forecast.implied.end(); next = forecast.implied.find(cause->second)) {
    cause = next;
  }
  return std::make_shared<const Key>(cause->second);
}

// What a change of single fields comes from: the first of them that has a place of its own.
OriginPtr originOfChange(const Entry& want, const Object& have) {
  if (want.origin->parts.empty()) {
    return want.origin;
  }
  for (const auto& field : differingFields(*want.object, have)) {
    const std::pair<std::string, base::SourcePos>* best = nullptr;
    for (const auto& part : want.origin->parts) {
      if (field.starts_with(part.first) && (best == nullptr || part.first.size() > best->first.size())) {
        best = &part;
      }
    }
    if (best != nullptr) {
      return std::make_shared<const Origin>(Origin{want.origin->noun, best->second});
    }
  }
  return want.origin;
}

// What has a step, or may yet become other than it should be; in the order of keys.
std::vector<const Entry*> concerned(const State& desired, std::span<const Difference> differences,
                                    const Forecast& forecast) {
  std::vector<const Entry*> out;
  for (const Difference& difference : differences) {
    if (difference.want != nullptr) {
      out.push_back(difference.want);
    }
  }
  const auto add = [&](const Key& key) {
    if (const Entry* want = desired.find(key)) {
      out.push_back(want);
    }
  };
  for (const auto& [key, reason] : forecast.doomed) {
    add(key);
  }
  for (const auto& [key, cause] : forecast.implied) {
    add(key);
  }
  for (const Entry& entry : forecast.altered.entries()) {
    add(entry.key());
  }
  // They all lie in one row.
  std::sort(out.begin(), out.end(), std::less<>());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// What a tunnel is in between if it changes and then begins to speak to a peer; nullptr if one step is enough.
ObjectPtr beforeItSpeaks(const Object& want, const Object& have) {
  const auto* after = std::get_if<WgDevice>(&want);
  if (after == nullptr) {
    return nullptr;
  }
  const auto& before = std::get<WgDevice>(have);
  WgDevice between = silentToNew(*after, before);
  return between == *after || silent(*after) == silent(before) ? nullptr
                                                               : std::make_shared<const Object>(std::move(between));
}

std::vector<Step> creations(const State& desired, const State& observed, std::span<const Difference> differences,
                            const Forecast& forecast) {
  std::vector<std::pair<int, const Entry*>> wanted;
  for (const Entry* want : concerned(desired, differences, forecast)) {
    wanted.emplace_back(tierOf(*want->object), want);
  }
  std::stable_sort(wanted.begin(), wanted.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<Step> steps;
  steps.reserve(wanted.size());
  for (const auto& [tier, entry] : wanted) {
    const Entry& want = *entry;
    const Key& key = want.key();
    const Entry* have = forecast.after(key, observed);
    if (have == nullptr) {
      Step create{
          Action::kCreate, key, nullptr, want.object, forecast.goes(key), false, reasonToCreate(key, desired, forecast),
          want.origin};
      create.clearedBy = clearedBy(key, forecast);
      const auto* tunnel = std::get_if<WgDevice>(want.object.get());
      if (tunnel != nullptr && silent(*tunnel) != *tunnel) {
        create.after = std::make_shared<const Object>(silent(*tunnel));
        steps.push_back({Action::kUpdate, key, create.after, want.object, false, false,
                         describeDifference(*want.object, *create.after), want.origin});
      }
      steps.push_back(std::move(create));
    } else if (!isAlike(want, *have)) {
      ObjectPtr before = have->object;
      if (const auto between = beforeItSpeaks(*want.object, *before)) {
        steps.push_back({Action::kUpdate, key, before, between, false, false, describeDifference(*between, *before),
                         originOfChange(want, *before)});
        before = between;
      }
      steps.push_back({Action::kUpdate, key, before, want.object, false, false,
                       describeDifference(*want.object, *before), originOfChange(want, *have->object)});
    }
  }
  sortSteps(steps, std::less<>());
  return steps;
}

// Most of the time there are few or none, and that is found in one walk. Parameters that are not wanted are none: there
// is nothing to delete, and no value that they should have.
std::vector<Difference> differencesBetween(const State& desired, const State& observed) {
  std::vector<Difference> out;
  walkBoth(desired, observed, [&](const Key& key, const Entry* want, const Entry* have) {
    const bool isLeft = want == nullptr && key.kind == Kind::kSysctl;
    if (!isLeft && (want == nullptr || have == nullptr || !isAsWanted(*want, *have))) {
      out.push_back({want, have});
    }
  });
  return out;
}

}  // namespace

Plan diff(const State& desired, const State& observed) {
  const auto differences = differencesBetween(desired, observed);
  if (differences.empty()) {
    return {};
  }
  const Forecast forecast = forecastDeletions(observed, differences);
  Plan plan{deletions(desired, observed, forecast)};
  auto makes = creations(desired, observed, differences, forecast);
  if (plan.empty()) {
    plan.steps = std::move(makes);
  } else {
    plan.steps.insert(plan.steps.end(), std::make_move_iterator(makes.begin()), std::make_move_iterator(makes.end()));
  }
  noteDisturbances(plan, observed);
  return plan;
}

bool nameDeletions(Plan& plan, const State& before) {
  bool all = true;
  for (auto& step : plan.steps) {
    if (step.action != Action::kDelete || step.replacement) {
      continue;
    }
    const Entry* entry = before.find(step.key);
    if (entry != nullptr && !entry->origin->noun.empty()) {
      step.origin = entry->origin;
      step.formerly = true;
    } else {
      all = false;
    }
  }
  return all;
}

}  // namespace vpclab::plan
