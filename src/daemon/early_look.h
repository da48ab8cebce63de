#pragma once

#include <atomic>
#include <future>
#include <optional>
#include <string>

#include "api/bundle.h"
#include "daemon/engine.h"
#include "daemon/profile.h"

namespace vpclab::daemon {

// Whoever changes a lab has to have it for himself, and to know what was wanted of it and what is there. Of a large lab
// that takes as long as to read its file, so it begins before that is read: which lab it is, the first lines say most
// of the time.
class EarlyLook {
 public:
  // All of them must outlive it. Does not wait for a lab that somebody else has.
  EarlyLook(Engine& engine, TimedKernel& kernel, const api::Bundle& bundle, std::string verb, const Session& session);
  // What is still being looked at, and was not asked for, is waited for and remembered, unless somebody else waits for
  // the lab: he is not held up by it.
  ~EarlyLook();
  EarlyLook(const EarlyLook&) = delete;
  EarlyLook& operator=(const EarlyLook&) = delete;

  // Now that it is known which one: has the lab from here to the end of this object, and looks at it if it has not
  // begun to. Errors: as Engine::hold().
  base::Result<> begin(const std::string& lab);

  // Once each, after begin().
  base::Result<std::optional<StoredLab>> stored();
  base::Result<state::State> observed();

 private:
  void look(std::string lab, Registry::Hold hold);
  void drop();

  Engine& engine_;
  TimedKernel& kernel_;
  std::string verb_;
  const Session& session_;
  std::string lab_;                    // empty: none yet
  std::atomic<bool> dropped_ = false;  // nobody asks for it here
  std::optional<Registry::Hold> hold_;
  std::future<base::Result<std::optional<StoredLab>>> stored_;
  std::future<base::Result<state::State>> observed_;
};

}  // namespace vpclab::daemon
