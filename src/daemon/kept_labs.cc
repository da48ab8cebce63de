#include "daemon/kept_labs.h"

#include <unistd.h>

#include "daemon/own_directory.h"

namespace vpclab::daemon {

base::Result<> KeptLabs::keep(const std::string& lab, const api::Bundle& bundle,
                              const compile::Allocations& allocations) const {
  if (stateDir_.empty()) {
    return base::fail(base::ErrorKind::kInvalid,
                      "lab " + lab +
                          ": `restart: always` wants a place that a reboot leaves alone: start the daemon with "
                          "--state-dir DIR");
  }
  const std::lock_guard lock(mutex_);
  for (const auto& path : {stateDir_, stateDir_ + "/labs"}) {
    if (auto made = makeOwnDirectory(path, 0700); !made) {
      return made;
    }
  }
  const auto there = store_.load(lab);
  const bool whole = there && *there;
  if (!whole || (*there)->allocations != allocations) {
    if (auto saved = store_.saveAllocations(lab, allocations); !saved) {
      return saved;
    }
  }
  return whole && (*there)->bundle == bundle ? base::Result<>() : store_.saveBundle(lab, bundle);
}

base::Result<> KeptLabs::forget(const std::string& lab) const {
  const std::lock_guard lock(mutex_);
  // Where others can write to it nothing is read, and so nothing is kept.
  if (stateDir_.empty() || !isOwnDirectory(stateDir_) || !isOwnDirectory(stateDir_ + "/labs")) {
    return {};
  }
  if (auto forgotten = store_.forget(lab); !forgotten) {
    return forgotten;
  }
  // Only where nothing else is in them.
  (void)::rmdir((stateDir_ + "/labs").c_str());
  (void)::rmdir(stateDir_.c_str());
  return {};
}

base::Result<std::vector<std::string>> KeptLabs::labs() const {
  if (stateDir_.empty()) {
    return std::vector<std::string>();
  }
  for (const auto& path : {stateDir_, stateDir_ + "/labs"}) {
    if (auto own = isOwnDirectory(path); !own) {
      return own.error().kind() == base::ErrorKind::kNotFound ? base::Result<std::vector<std::string>>()
                                                              : base::fail(std::move(own.error()));
    }
  }
  return store_.labs();
}

}  // namespace vpclab::daemon
