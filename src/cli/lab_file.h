#pragma once

#include <string>

#include "api/bundle.h"
#include "base/result.h"
#include "lab/load.h"

namespace vpclab::cli {

// Reads the lab file with all that belongs to it, with the rights of whoever runs this.
lab::Loaded loadFromDisk(const std::string& path);

// The same as what is sent to the daemon. A file that stands alone is sent unread: the daemon reads it in any case, and
// tells every mistake; where none answers, mistakesIn() does.
struct LoadedBundle {
  api::Bundle bundle;
  base::Diagnostics diagnostics;
  bool ok = false;
};
LoadedBundle loadBundle(const std::string& path);
base::Diagnostics mistakesIn(const std::string& path);

}  // namespace vpclab::cli
