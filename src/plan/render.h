#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "plan/apply.h"
#include "plan/plan.h"

namespace vpclab::plan {

// What the difference is told as: what an apply would do, or what has become otherwise since the last one.
enum class Told : std::uint8_t { kPlan, kDrift };

// For people: the changes node by node, "+ create", "~ update", "- delete", each with its reason and the place in the
// file that asks for it, or "was" with the place that asked for it before; a replacement is marked. Below it stands,
// behind a '!', what it does to traffic that is there. The last line is summary(). Parameters of one node share a line.
std::string renderText(const Plan& plan);
// The same line by line, without their line feeds: the whole text of a large plan is not needed at once.
void renderLines(const Plan& plan, const std::function<void(std::string line)>& take, Told told = Told::kPlan);

// "No changes", "1 change not applied yet", "7 changes not applied yet: 4 to create, 1 to update, 2 to delete"; of a
// drift "2 differences from what was applied: ...", since nothing of it waits to be applied.
std::string summary(const Plan& plan, Told told = Told::kPlan);

// {"changes": N, "steps": [{"action", "key", "replacement", "reason", "before", "after", "origin", "formerly",
// "disturbs"}]}
nlohmann::json toJson(const Plan& plan);
nlohmann::json toJson(const Step& step);

// {"ok", "cancelled", "steps": [{"action", "key", "outcome", "error", "skipped_because"}]}
nlohmann::json toJson(const Report& report);
nlohmann::json toJson(const StepReport& step);

// The same by hand: a shell script of ip(8), bridge(8), wg(8), nft(8), tc(8) and sysctl writes. For reading, and good
// for running except for the processes (our own workers), which are comments. Private keys are read from files
// "$KEYS/<interface>", never printed.
std::string renderShell(const Plan& plan, const std::string& lab);

}  // namespace vpclab::plan
