#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/store.h"

namespace vpclab::daemon {

// The labs that come back by themselves after the host has started again (`restart: always`): their files, and what was
// given out to them, under <stateDir>/labs, where a reboot leaves them. Directories 0700, files 0600. Calls for one lab
// must not overlap; those for others may.
class KeptLabs {
 public:
  // Empty: none can be kept.
  explicit KeptLabs(std::string stateDir) : stateDir_(std::move(stateDir)), store_(stateDir_) {}

  // Errors: kInvalid where there is no place for it.
  base::Result<> keep(const std::string& lab, const api::Bundle& bundle, const compile::Allocations& allocations) const;
  // Idempotent. The directories go with the last one.
  base::Result<> forget(const std::string& lab) const;
  base::Result<std::vector<std::string>> labs() const;
  // nullopt: no such lab here. Errors name the file that is damaged.
  base::Result<std::optional<StoredLab>> load(const std::string& lab) const { return store_.load(lab); }

 private:
  std::string stateDir_;
  Store store_;
  mutable std::mutex mutex_;  // the directories of all labs: the last that goes takes them along
};

}  // namespace vpclab::daemon
