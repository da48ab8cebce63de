#include "daemon/profile.h"

#include <set>

#include <nlohmann/json.hpp>

namespace vpclab::daemon {

namespace {

std::string nameOfBatch(std::span<const plan::Step> steps) {
  std::set<state::Kind> kinds;
  for (const auto& step : steps) {
    kinds.insert(step.key.kind);
  }
  std::string out = steps.empty() ? "nothing" : std::string(plan::nameOf(steps.front().action));
  const char* separator = " ";
  for (const auto kind : kinds) {
    out += separator + std::string(state::nameOf(kind));
    separator = ", ";
  }
  return out;
}

// Microseconds are as exact as such a time is.
double rounded(double ms) {
  return static_cast<double>(static_cast<std::int64_t>(ms * 1000)) / 1000;
}

}  // namespace

Profile::Scope::Scope(Profile& profile, std::string name, std::size_t objects)
    : profile_(profile), phase_{std::move(name), objects, {}} {}

Profile::Scope::~Scope() {
  phase_.time = base::Clock::now() - start_;
  const std::lock_guard lock(profile_.mutex_);
  profile_.phases_.push_back(std::move(phase_));
}

nlohmann::json Profile::toJson() const {
  auto out = nlohmann::json::array();
  for (const auto& phase : phases_) {
    const double ms = std::chrono::duration<double, std::milli>(phase.time).count();
    out.push_back({{"phase", phase.name}, {"objects", phase.objects}, {"ms", rounded(ms)}});
  }
  return out;
}

nlohmann::json Profile::kindsToJson() const {
  auto out = nlohmann::json::array();
  for (int i = 0; i < state::kKindCount; ++i) {
    const auto kind = static_cast<state::Kind>(i);
    const double read = read_.milliseconds(kind);
    const double changed = changed_.milliseconds(kind);
    if (read != 0 || changed != 0) {
      out.push_back({{"kind", state::nameOf(kind)},
                     {"read_ms", rounded(read)},
                     {"changes", changed_.objects(kind)},
                     {"change_ms", rounded(changed)}});
    }
  }
  return out;
}

base::Result<state::State> TimedKernel::observe(const std::string& lab, const kernel::Wanted& wanted) {
  Profile::Scope scope(profile_, "observe");
  auto out = kernel_.observe(lab, &profile_.readTimes(), memory_, wanted);
  if (out) {
    scope.setObjects(out->entries().size());
  }
  return out;
}

base::Result<state::State> TimedKernel::observeAgain(const std::string& lab, state::State before,
                                                     const plan::Touched& touched) {
  Profile::Scope scope(profile_, "observe what was touched");
  scope.setObjects(touched.count());
  return kernel_.observeAgain(lab, std::move(before), touched, &profile_.readTimes());
}

std::vector<base::Result<>> TimedKernel::execute(const std::string& lab, std::span<const plan::Step> steps,
                                                 base::Deadline deadline) {
  const Profile::Scope scope(profile_, nameOfBatch(steps), steps.size());
  return kernel_.execute(lab, steps, deadline, &profile_.changeTimes());
}

std::vector<base::Error> TimedKernel::destroy(const std::string& lab, base::Deadline deadline) {
  const Profile::Scope scope(profile_, "destroy");
  return kernel_.destroy(lab, deadline);
}

base::Result<std::vector<std::string>> TimedKernel::labs() {
  const Profile::Scope scope(profile_, "list labs");
  return kernel_.labs();
}

}  // namespace vpclab::daemon
