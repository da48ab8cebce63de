#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/bundle.h"
#include "base/result.h"

namespace vpclab::cli {

// A plan that waits in a file: the lab as it was when the plan was made, and by what the daemon knows the plan again.
struct PlanFile {
  api::Bundle bundle;
  std::string expected;            // JSON, see api::ApplyRequest
  std::vector<std::string> lines;  // the plan for people
};

// For its owner alone, since the lab's pages and private files are in it. No private key of a tunnel ever is.
base::Result<> writePlanFile(const std::string& path, const PlanFile& plan);

// nullopt: the file is something else, as a lab file is. Errors: a plan file that is damaged.
base::Result<std::optional<PlanFile>> readPlanFile(const std::string& path);

// For who wants a lab file. Errors: it is a plan file.
base::Result<> isNoPlanFile(const std::string& path);

}  // namespace vpclab::cli
