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
class Upstream : private SocketOwner {
 public:
  Upstream(EventLoop& loop, std::shared_ptr<Backend> owner);

  Socket socket;
  std::shared_ptr<Backend> backend;
  bool reused = false;  // it has carried a request before

 private:
  friend class Backend;
  void onSocket(Socket& socket) override;
  void onTimer();

  EventLoop& loop_;
  Backend* keeper_ = nullptr;        // in whose pool it is idle
  base::Clock::time_point idleEnd_;  // then
  Timer timer_;                      // looks at idleEnd_; goes on while a session has the connection
};

// A backend of one listener at run time: its configuration, health, counters and idle connections. Shared by the
// sessions that use it, so that it outlives its removal from the configuration until they are done.
class Backend {
 public:
  Backend(EventLoop& loop, state::Backend config);
  ~Backend();

  const state::Backend& config() const { return config_; }
  void setConfig(state::Backend config) { config_ = std::move(config); }
  // What a cookie calls it: the same as long as name, address and port are, and tells nobody what they are.
  const std::string& stickyId() const { return stickyId_; }
  bool full() const { return config_.maxConnections != 0 && active >= config_.maxConnections; }

  // An idle connection that still stands, whose `backend` the caller sets; nullptr if there is none.
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
  friend class Upstream;
  void drop(Upstream* idle);

  EventLoop& loop_;
  state::Backend config_;
  std::string stickyId_;
  std::vector<std::unique_ptr<Upstream>> idle_;
  bool retired_ = false;
};

}  // namespace vpclab::lb
