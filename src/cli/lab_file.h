#pragma once

#include <string>

#include "api/bundle.h"
#include "base/result.h"
#include "lab/load.h"

namespace vpclab::cli {

// Reads the lab file with all that belongs to it, with the rights of whoever runs this.
lab::Loaded loadFromDisk(const std::string& path);

// The same as what is sent to the daemon.
struct LoadedBundle {
  api::Bundle bundle;
  base::Diagnostics diagnostics;
  bool ok = false;
};
LoadedBundle loadBundle(const std::string& path);

}  // namespace vpclab::cli
