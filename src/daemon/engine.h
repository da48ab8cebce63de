#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "daemon/desired.h"
#include "daemon/journal.h"
#include "daemon/kept_labs.h"
#include "daemon/options.h"
#include "daemon/reached.h"
#include "daemon/registry.h"
#include "daemon/session.h"
#include "daemon/store.h"
#include "kernel/system.h"

namespace vpclab::daemon {

// What kernel::probe() found.
struct Probed {
  base::Result<state::Capabilities> capabilities;
  std::vector<kernel::Feature> features;
};

// What every operation needs. Thread safe; operations on one lab take its Hold first.
class Engine {
 public:
  // Starts to probe the kernel in the background, so that the first lab need not wait for it.
  static base::Result<std::unique_ptr<Engine>> make(Options options);

  const Options& options() const { return options_; }
  Registry& registry() { return registry_; }
  const Store& store() const { return store_; }
  const KeptLabs& kept() const { return kept_; }
  Journal& journal() { return journal_; }
  Reached& reached() { return reached_; }
  kernel::System& system() { return *system_; }
  const Probed& probed() const { return probed_.get(); }  // waits for the probe to end
  pid_t pid() const { return pid_; }

  // Waits a few seconds for whoever has the lab.
  base::Result<Registry::Hold> hold(const std::string& lab, const std::string& verb, const Session& session);
  // The labs known here: from the store and, in the kernel, what carries this daemon's mark.
  base::Result<std::vector<std::string>> labs();
  // `wanted`, or the only lab. Errors: kNotFound, kInvalid (several).
  base::Result<std::string> pickLab(const std::string& wanted);
  // The stored lab, loaded and compiled. Errors: kNotFound; kInvalid where the stored files are damaged.
  struct Stored {
    StoredLab stored;
    Desired desired;
  };
  base::Result<Stored> loadStored(const std::string& lab);

  // Called with a lab's name after it came up, changed or went down; set once, before any operation.
  std::function<void(const std::string& lab, bool up)> onChange;
  // Ends the daemon; set once, before any operation.
  std::function<void()> requestEnd;
  // The last lab is down, but somebody was at work: see endIfDue().
  std::atomic<bool> endIsDue = false;

 private:
  Engine(Options options, std::unique_ptr<kernel::System> system);

  Options options_;
  Store store_;
  KeptLabs kept_;
  Journal journal_;
  Reached reached_;
  Registry registry_;
  std::unique_ptr<kernel::System> system_;
  std::vector<base::UniqueFd> slowToGo_;  // of the probe; closed by learning_
  std::shared_future<Probed> probed_;
  std::future<void> learning_;
  pid_t pid_;
};

}  // namespace vpclab::daemon
