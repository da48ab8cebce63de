#include "daemon/saved_plan.h"

#include <array>
#include <map>

#include <nlohmann/json.hpp>
#include <sodium/crypto_generichash.h>
#include <sodium/utils.h>

#include "api/json_reader.h"
#include "base/text.h"
#include "state/json.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

// More differences than these help nobody.
constexpr std::size_t kMaxTold = 12;
constexpr std::size_t kMaxText = 200;

std::string digestOf(const api::Bundle& bundle) {
  const std::string text = api::dumpJson(api::bundleToJson(bundle));
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  (void)crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                           nullptr, 0);
  std::string hex(hash.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  hex.pop_back();
  return hex;
}

using Renames = std::map<std::string, std::string>;

// The public keys of private ones that nothing has yet.
Renames newKeys(const Desired& desired, const std::optional<StoredLab>& stored) {
  Renames out;
  for (const auto& [point, key] : desired.allocations.privateKeys) {
    if (!stored || stored->allocations.privateKeys.count(point) == 0) {
      out[net::publicKeyOf(key).toBase64()] = "new key of " + point;
    }
  }
  return out;
}

json renamed(const json& value, const Renames& renames) {
  const auto nameOf = [&](const std::string& text) {
    const auto found = renames.find(text);
    return found == renames.end() ? text : found->second;
  };
  if (value.is_string()) {
    return nameOf(value.get_ref<const std::string&>());
  }
  json out = value;
  if (value.is_object()) {
    out = json::object();
    for (const auto& [name, member] : value.items()) {
      out[nameOf(name)] = renamed(member, renames);
    }
  } else if (value.is_array()) {
    for (auto& item : out) {
      item = renamed(item, renames);
    }
  }
  return out;
}

json objectOrNull(const state::ObjectPtr& object, const Renames& renames) {
  return object ? renamed(state::toJson(*object), renames) : json(nullptr);
}

// A tunnel is made and then speaks: two steps about one object, told apart by what they do.
std::map<std::string, const json*> stepsOf(const json& saved) {
  std::map<std::string, const json*> out;
  const auto steps = saved.find("steps");
  if (steps == saved.end() || !steps->is_array()) {
    return out;
  }
  for (const auto& step : *steps) {
    const auto action = step.is_object() ? step.find("action") : step.end();
    const auto key = step.is_object() ? step.find("key") : step.end();
    if (step.is_object() && action != step.end() && action->is_string() && key != step.end() && key->is_string()) {
      out[action->get<std::string>() + " " + key->get<std::string>()] = &step;
    }
  }
  return out;
}

std::string shortText(const json& value) {
  std::string text = base::printable(value.is_string() ? value.get<std::string>() : api::dumpJson(value));
  if (text.size() > kMaxText) {
    text = text.substr(0, kMaxText) + "...";
  }
  return text;
}

std::string sideDifference(const json& was, const json& is) {
  if (!was.is_object() || !is.is_object()) {
    return "";
  }
  for (const auto& [name, value] : is.items()) {
    const auto old = was.find(name);
    if (old == was.end() || *old != value) {
      return name + " was " + (old == was.end() ? "not there" : shortText(*old)) + ", is " + shortText(value);
    }
  }
  return "";
}

json sideOf(const json& step, const char* side) {
  const auto found = step.find(side);
  return found == step.end() ? json(nullptr) : *found;
}

}  // namespace

json savedPlan(const plan::Plan& plan, const Desired& desired, const std::optional<StoredLab>& stored) {
  const Renames renames = newKeys(desired, stored);
  json steps = json::array();
  for (const auto& step : plan.steps) {
    steps.push_back({{"action", plan::nameOf(step.action)},
                     {"key", step.key.toString()},
                     {"before", objectOrNull(step.before, renames)},
                     {"after", objectOrNull(step.after, renames)}});
  }
  return {{"lab", desired.lab.name}, {"applied", stored ? digestOf(stored->bundle) : ""}, {"steps", std::move(steps)}};
}

std::vector<std::string> whatMoved(const json& expected, const json& now) {
  std::vector<std::string> out;
  if (expected == now) {
    return out;
  }
  const auto tell = [&](std::string text) {
    if (out.size() < kMaxTold) {
      out.push_back(std::move(text));
    } else if (out.size() == kMaxTold) {
      out.emplace_back("... and more");
    }
  };
  if (!expected.is_object() || sideOf(expected, "lab") != now.at("lab")) {
    return {"the plan is of another lab"};
  }
  if (sideOf(expected, "applied") != now.at("applied")) {
    tell("another lab file has been applied since");
  }
  const auto before = stepsOf(expected);
  const auto after = stepsOf(now);
  for (const auto& [name, step] : after) {
    const auto old = before.find(name);
    if (old == before.end()) {
      tell("`" + name + "` has become necessary");
      continue;
    }
    for (const auto& [side, said] : {std::pair("before", "is there now"), std::pair("after", "is wanted")}) {
      if (sideOf(*old->second, side) != sideOf(*step, side)) {
        const std::string how = sideDifference(sideOf(*old->second, side), sideOf(*step, side));
        tell("`" + name + "`: what " + said + " is not what the plan says" + (how.empty() ? "" : ": " + how));
      }
    }
  }
  for (const auto& [name, step] : before) {
    if (after.count(name) == 0) {
      tell("`" + base::printable(name.substr(0, kMaxText)) + "` is not necessary any more");
    }
  }
  if (out.empty()) {
    out.emplace_back("the plan is not one that this daemon made");
  }
  return out;
}

}  // namespace vpclab::daemon
