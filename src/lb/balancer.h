#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "lb/event_loop.h"
#include "lb/listener.h"
#include "lb/log.h"
#include "lb/route_watch.h"
#include "state/process.h"

namespace vpclab::lb {

struct BackendStatus {
  std::string pool;  // empty: the default one
  std::string name;
  std::string address;
  std::uint16_t port = 0;
  std::string state;   // unknown, up, down, disabled, drain
  std::string reason;  // why it is so, in words; empty: disabled, so that nobody looks
  std::uint64_t checks = 0;
  std::int64_t sinceMs = 0;  // Unix time
  std::uint32_t active = 0;
  BackendCounters counters;
};

struct PoolStatus {
  std::string name;  // empty: the default one
  std::size_t queued = 0;
  std::size_t longestQueue = 0;
};

struct ListenerStatus {
  std::string name;
  std::size_t open = 0;  // client connections
  ListenerCounters counters;
  std::vector<PoolStatus> pools;
  std::vector<BackendStatus> backends;  // of all pools, in their order
  std::vector<Flip> flips;              // the last ones, oldest first
};

// A load balancer: its listeners, and the watch over its namespace's routes.
class Balancer {
 public:
  Balancer(EventLoop& loop, LogSink& log) : loop_(loop), log_(log), shared_(std::make_shared<BalancerShared>()) {}

  // Looks at every backend anew whenever something changes in the namespace of that socket (RouteWatch::openSocket).
  base::Result<> watchRoutes(base::UniqueFd socket);

  // `sockets` in the order of the listeners. What does not change is not touched; a listener is told by its listen
  // address. On an error nothing has changed, unless the kernel refused to watch a socket.
  base::Result<> configure(const state::LoadBalancer& config, std::vector<base::UniqueFd> sockets);
  // Another process serves the same sockets from now on: no more is accepted, see Listener::drain().
  void drain();
  std::size_t open() const { return shared_->sessions; }  // client connections
  std::vector<ListenerStatus> status() const;

 private:
  EventLoop& loop_;
  LogSink& log_;
  std::shared_ptr<BalancerShared> shared_;
  std::unique_ptr<RouteWatch> watch_;
  std::map<state::ListenAddress, std::shared_ptr<Listener>> listeners_;
};

}  // namespace vpclab::lb
