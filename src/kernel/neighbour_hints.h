#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "state/routing.h"

namespace vpclab::kernel {

// Which neighbours of a lab have been asked for or made, so that the next observation asks for them while it is in
// their namespace anyway. Only whom to ask is kept, never what the kernel said; without it each namespace is entered
// twice. Thread safe.
class NeighbourHints {
 public:
  using TablePtr = std::shared_ptr<const state::Neighbours>;  // most of the time owned with a State; never null
  using TablesByLink = std::map<std::string, TablePtr>;
  using Tables = std::map<std::string, TablesByLink>;  // by namespace

  // Of those nodes of the lab for which something is known.
  template <class Nodes>
  Tables of(const std::string& lab, const Nodes& nodes) const {
    const std::lock_guard lock(mutex_);
    Tables out;
    if (const auto it = labs_.find(lab); it != labs_.end()) {
      for (const std::string& node : nodes) {
        if (const auto tables = it->second.find(node); tables != it->second.end()) {
          out.insert(*tables);
        }
      }
    }
    return out;
  }
  void note(const std::string& lab, TablePtr table) {
    const std::lock_guard lock(mutex_);
    auto& slot = labs_[lab][table->netns][table->link];
    slot = std::move(table);
  }
  // Of these nodes and no others.
  void replace(const std::string& lab, Tables tables) {
    const std::lock_guard lock(mutex_);
    if (tables.empty()) {
      labs_.erase(lab);
    } else {
      labs_[lab] = std::move(tables);
    }
  }
  // Of one node; the others stay as they are.
  void replace(const std::string& lab, const std::string& node, TablesByLink tables) {
    const std::lock_guard lock(mutex_);
    labs_[lab][node] = std::move(tables);
  }
  void forget(const std::string& lab) {
    const std::lock_guard lock(mutex_);
    labs_.erase(lab);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Tables> labs_;
};

}  // namespace vpclab::kernel
