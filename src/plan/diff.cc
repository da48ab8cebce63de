#include <algorithm>
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
  forecast.after.each<Process>([&](const Key& key, const Process& process) {
    const Entry* before = observed.find(key);
    if (before != nullptr && !(*before->object == Object(process))) {
      steps.push_back({Action::kUpdate, key, before->object, forecast.after.find(key)->object, false, false,
                       "namespaces of its sockets go"});
    }
  });
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

std::vector<Step> creations(const State& desired, Forecast forecast) {
  // Only what is otherwise has a step, or may yet become so.
  std::vector<std::pair<int, const std::pair<const Key, Entry>*>> wanted;
  auto next = desired.entries().begin();
  walkBoth(desired, forecast.after, [&](const Key& key, const Entry* want, const Entry* have) {
    if (want == nullptr) {
      return;
    }
    const auto& one = *next++;
    if (have == nullptr || !isAlike(*want, *have) || followsWrite(key, desired, forecast.after)) {
      wanted.emplace_back(tierOf(*want->object), &one);
    }
  });
  std::stable_sort(wanted.begin(), wanted.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<Step> steps;
  State now = std::move(forecast.after);
  steps.reserve(wanted.size());
  for (const auto& [tier, one] : wanted) {
    const auto& [key, want] = *one;
    const Entry* have = now.find(key);
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
    } else if (compare(*want.object, *have->object) != Change::kNone) {
      steps.push_back({Action::kUpdate, key, have->object, want.object, false, false,
                       describeDifference(*want.object, *have->object), originOfChange(want, *have->object)});
    }
    forecastWrite(*want.object, now);
  }
  sortSteps(steps, std::less<>());
  return steps;
}

// Most of the time there is nothing to do, and that is found in one walk.
bool isSame(const State& desired, const State& observed) {
  auto want = desired.entries().begin();
  for (const auto& [key, entry] : observed.entries()) {
    if (want != desired.entries().end() && want->first == key) {
      if (!isAlike(want->second, entry)) {
        return false;
      }
      ++want;
    } else if (key.kind != Kind::kSysctl) {  // a parameter that is not wanted is left as it is
      return false;
    }
  }
  return want == desired.entries().end();
}

}  // namespace

Plan diff(const State& desired, const State& observed) {
  if (isSame(desired, observed)) {
    return {};
  }
  Forecast forecast = forecastDeletions(desired, observed);
  Plan plan{deletions(desired, observed, forecast)};
  auto makes = creations(desired, std::move(forecast));
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
