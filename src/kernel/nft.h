#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace vpclab::kernel {

// The table `ip vpclab` of the calling thread's network namespace, through libnftables. That library keeps global
// state, so that one call at a time is made in the whole process.

// Puts the table in place of what is there under its name, in one transaction. Errors carry nft's own words.
base::Result<> putNftTable(const std::string& netns, const std::string& body);
// Succeeds if it is gone already.
base::Result<> deleteNftTable(const std::string& netns, base::Deadline deadline);
// As `nft -s list table ip vpclab` prints it, between the outer braces; nullopt: no such table. A raw dump of the
// tables' names comes first: it costs a hundredth of what starting libnftables does.
base::Result<std::optional<std::string>> readNftTable(const std::string& netns, base::Deadline deadline);

}  // namespace vpclab::kernel
