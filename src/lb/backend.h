#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lb/balance.h"
#include "lb/counters.h"
#include "lb/event_loop.h"
#include "lb/health.h"
#include "lb/socket.h"
#include "state/process.h"

namespace vpclab::lb {

class Backend;

// One connection to a backend, carried by a session or idle in the backend's pool. Counted against its backend.
class Upstream {
 public:
  Upstream(EventLoop& loop, std::shared_ptr<Backend> owner) : socket(loop), backend(std::move(owner)) {}

  Socket socket;
  std::shared_ptr<Backend> backend;
  bool reused = false;  // it has carried a request before
};

// A backend of one listener at run time: its configuration, health, counters and idle connections. Shared by the
// sessions that use it, so that it outlives its removal from the configuration until they are done.
class Backend : public std::enable_shared_from_this<Backend> {
 public:
  Backend(EventLoop& loop, state::Backend config);
  ~Backend();

  const state::Backend& config() const { return config_; }
  void setConfig(state::Backend config) { config_ = std::move(config); }
  // What a cookie calls it: the same as long as name, address and port are, and tells nobody what they are.
  const std::string& stickyId() const { return stickyId_; }
  bool full() const { return config_.maxConnections != 0 && active >= config_.maxConnections; }

  // An idle connection that still stands; nullptr if there is none.
  std::unique_ptr<Upstream> takeIdle();
  // Keeps the connection for the next request, if there is room.
  void giveIdle(std::unique_ptr<Upstream> upstream);
  void closeIdle();
  // Removed from the configuration: keeps no connection any more.
  void retire();

  HealthState health;
  std::string reason = "not checked yet";
  std::int64_t sinceMs = 0;  // Unix time of the last change of state
  std::uint64_t checks = 0;
  std::uint32_t active = 0;  // requests (HTTP) or connections (TCP) in work
  BackendCounters counters;

 private:
  class Idle;
  void drop(Idle* idle);

  EventLoop& loop_;
  state::Backend config_;
  std::string stickyId_;
  std::vector<std::shared_ptr<Idle>> idle_;
  bool retired_ = false;
};

}  // namespace vpclab::lb
