#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/diagnostic.h"
#include "daemon/settle.h"

namespace vpclab::daemon {

// What is told of a lab that did not become what was wanted: for people, one line each, the last one with the sums.
// Empty where it did.
std::vector<std::string> failureLines(const std::string& lab, const Settled& settled);

// What to do then, as long as what was made stays: the end of the last line, whoever has the last word. Empty: nothing.
std::string whatToDo(const Settled& settled);

// The same for programs; null where it did.
//   {"causes": [{"action", "key", "origin", "operation", "errno", "kernel", "error", "left_out": [key...]}...],
//    "done", "failed", "left_out", "different": changes that the last look found, or null; "look": its error, or null}
nlohmann::json failureJson(const Settled& settled);

// Steps that failed, though the last look has found all as wanted: an answer of the kernel's was lost.
base::Diagnostics falseAlarms(const Settled& settled);

}  // namespace vpclab::daemon
