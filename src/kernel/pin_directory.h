#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::kernel {

// The directory of pins is, as ip-netns(8) makes it at its first `add`, a shared bind mount of itself: who comes first
// does not matter then. Were it none, that `add` would mount one over it, with the pins that are there underneath,
// where nobody can remove them.
//
// What was made here is written down in a file beside the directory, for every daemon of this host and for as long as
// the directory can last; before it is made, so that a kill at any moment leaves nothing that the next call to either
// function does not deal with. The file is also their lock.

// Makes what is missing. Nobody's removePinDirectory() takes it away while what is returned lives, until pins are in
// it.
base::Result<base::UniqueFd> makePinDirectory(const std::string& path);
// Takes it away again: what was made here, once no pin of any daemon is in it and nobody uses it. What somebody else
// has put into it makes it theirs.
void removePinDirectory(const std::string& path);

}  // namespace vpclab::kernel
