#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/bundle.h"
#include "base/result.h"
#include "compile/compile.h"

namespace vpclab::daemon {

// Whether the text can be a lab's name: a slug of at most 32 bytes. Whatever comes from a client is asked this before
// it becomes part of a path.
bool isLabName(std::string_view text);

struct StoredLab {
  api::Bundle bundle;
  std::string appliedAt;  // RFC 3339, UTC
  compile::Allocations allocations;
};

// The desired labs, under <runDir>/labs/<lab>/: bundle.json and allocations.json (0600: it holds the WireGuard keys).
// Never anything of the kernel's state. Each file is replaced whole. Calls for one lab must not overlap.
class Store {
 public:
  explicit Store(std::string runDir) : labsDir_(std::move(runDir) + "/labs") {}

  // nullopt: no such lab here. A lab whose files are damaged is an error that names the file.
  base::Result<std::optional<StoredLab>> load(const std::string& lab) const;
  base::Result<> saveAllocations(const std::string& lab, const compile::Allocations& allocations) const;
  base::Result<> saveBundle(const std::string& lab, const api::Bundle& bundle) const;
  // Removes the lab's directory with all that is in it. Idempotent.
  base::Result<> forget(const std::string& lab) const;
  // The labs that have a directory here, sorted.
  base::Result<std::vector<std::string>> labs() const;

 private:
  base::Result<std::string> directoryFor(const std::string& lab) const;
  std::string labsDir_;
};

}  // namespace vpclab::daemon
