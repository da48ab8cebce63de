#include "daemon/flip_watch.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/event_hub.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxFlips = 4096;  // of a balancer

std::string words(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string()
             ? base::printable(found->get<std::string>().substr(0, EventHub::kMaxText))
             : "";
}

const json& listIn(const json& object, const char* name) {
  static const json none = json::array();
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_array() ? *found : none;
}

}  // namespace

std::vector<api::Happening> FlipWatch::take(const std::string& lab, const std::string& balancer, const json& status) {
  std::set<Flip> now;  // in order of time
  for (const auto& listener : listIn(status, "listeners")) {
    for (const auto& flip : listIn(listener, "flips")) {
      const auto when = flip.is_object() ? flip.find("unixMs") : flip.end();
      if (!flip.is_object() || when == flip.end() || !when->is_number_unsigned() || now.size() >= kMaxFlips) {
        continue;
      }
      now.emplace(when->get<std::uint64_t>(), words(listener, "name"), words(flip, "pool"), words(flip, "backend"),
                  words(flip, "state"), words(flip, "reason"));
    }
  }
  auto& before = seen_[{lab, balancer}];
  std::vector<api::Happening> out;
  for (const auto& flip : now) {
    const auto& [when, listener, pool, backend, state, reason] = flip;
    if (when < sinceMs_ || before.count(flip) != 0) {
      continue;
    }
    api::Happening happening;
    happening.time = timeText(when);
    happening.lab = lab;
    happening.what = "backend";
    happening.object = "backend " + (pool.empty() || pool == listener ? listener : listener + "/" + pool) + "/" +
                       backend + " of " + balancer;
    happening.action = state;
    happening.reason = reason;
    out.push_back(std::move(happening));
  }
  before = std::move(now);
  return out;
}

}  // namespace vpclab::daemon
