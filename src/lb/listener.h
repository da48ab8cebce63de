#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lb/acceptor.h"
#include "lb/backend.h"
#include "lb/balance.h"
#include "lb/buffer.h"
#include "lb/event_loop.h"
#include "lb/health_checker.h"
#include "lb/log.h"
#include "state/process.h"

namespace vpclab::lb {

class Session;

struct ListenerCounters {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;  // requests that we answered ourselves with 4xx or 5xx
  std::uint64_t retries = 0;
};

// One listener of the balancer at run time. Sessions share it, so that it outlives its removal until they are done.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(EventLoop& loop, LogSink& log);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Takes a configuration; what has not changed is not touched.
  base::Result<> configure(const state::Listener& config, base::UniqueFd socket);
  // Removed: accepts no more, lets requests end, closes connections that wait for one.
  void retire();
  // Routes, links or addresses changed: looks at every backend as at a new one.
  void lookAnew();

  // A backend for the next request, marked as tried in `tried` (backends of this request so far).
  std::shared_ptr<Backend> choose(const net::IpAddr& client, std::vector<std::shared_ptr<Backend>>& tried);
  // A request could not reach that backend: look at its health now.
  void suspect(const Backend& backend);
  void sessionEnded(Session* session);

  const std::shared_ptr<const state::Listener>& config() const { return config_; }
  const std::vector<std::shared_ptr<Backend>>& backends() const { return backends_; }
  const std::shared_ptr<BufferPool>& pool() const { return pool_; }
  std::size_t sessionCount() const { return sessions_.size(); }
  bool retired() const { return retired_; }
  LogSink& log() { return log_; }
  ListenerCounters counters;

 private:
  void serve(base::UniqueFd client);
  void setBackends(const state::Listener& config);
  void logFlip(const Backend& backend);

  EventLoop& loop_;
  LogSink& log_;
  std::shared_ptr<const state::Listener> config_;
  Acceptor acceptor_;
  std::shared_ptr<BufferPool> pool_;
  std::vector<std::shared_ptr<Backend>> backends_;
  std::vector<std::unique_ptr<HealthChecker>> checkers_;  // one for each backend, in their order
  std::vector<Candidate> candidates_;                     // likewise
  std::uint64_t turn_ = 0;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
  bool retired_ = false;
};

}  // namespace vpclab::lb
