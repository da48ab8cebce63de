#pragma once

#include <span>

#include "base/result.h"
#include "state/process.h"

namespace vpclab::keeper {

// Whether the paths can be made private at all: absolute, plain, not in /proc, /sys or /dev, few and not too large.
// Errors: kInvalid, kLimit.
base::Result<> checkPrivateFiles(std::span<const state::PrivateFile> files);

// Shows the files in this process' own mount namespace, which must be private already; nothing is written to the host's
// file systems. A file that exists is covered by another. Where one does not exist, its deepest existing directory is
// covered by a tmpfs that shows the same entries and can take new ones.
base::Result<> showPrivateFiles(std::span<const state::PrivateFile> files);

}  // namespace vpclab::keeper
