#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "state/routing.h"

namespace vpclab::kernel {

// The tables `ip vpclab` and `netdev vpclab` of the calling thread's network namespace, through libnftables. That
// library keeps global state, so that one call at a time is made in the whole process.

// Puts the table in place of what is there under its name and family, in one transaction. Errors carry nft's own words.
base::Result<> putNftTable(const state::NftTable& table, base::Deadline deadline);
// Succeeds if it is gone already.
base::Result<> deleteNftTable(const std::string& netns, state::NftFamily family, base::Deadline deadline);
// As `nft -s list table ip vpclab` prints them, between the outer braces. A raw dump of the tables' names comes first:
// it costs a hundredth of what starting libnftables does.
base::Result<std::vector<state::NftTable>> readNftTables(const std::string& netns, base::Deadline deadline);

}  // namespace vpclab::kernel
