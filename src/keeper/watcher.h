#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/client.h"

namespace vpclab::keeper {

// A process or tunnel came into another state.
struct Event {
  bool tunnel = false;
  std::string netns;  // of a tunnel: that of its interface
  std::string name;
  RunState state = RunState::kStarting;
  std::string lastExit;  // how it ended, where it has
};

// Hears of every exit and restart as it happens, over a connection of its own. Wait for fd() to be readable, then call
// next(). Not thread safe.
class Watcher {
 public:
  static base::Result<Watcher> connect(const Address& address, base::Deadline deadline);

  int fd() const { return socket_.get(); }
  // Errors: kTimeout; kNotFound when the keeper has gone: then everything that it kept has gone too.
  base::Result<Event> next(base::Deadline deadline);

 private:
  explicit Watcher(base::UniqueFd socket) : socket_(std::move(socket)) {}
  base::UniqueFd socket_;
};

}  // namespace vpclab::keeper
