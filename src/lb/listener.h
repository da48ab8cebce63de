#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lb/acceptor.h"
#include "lb/buffer.h"
#include "lb/counters.h"
#include "lb/event_loop.h"
#include "lb/log.h"
#include "lb/pool.h"
#include "state/process.h"

namespace vpclab::lb {

class Session;

// A backend's change of state.
struct Flip {
  std::int64_t unixMs = 0;
  std::string pool;  // empty: the default one
  std::string backend;
  bool up = false;
  std::string reason;
};

// What the listeners of one load balancer have in common.
struct BalancerShared {
  std::string id;
  std::size_t sessions = 0;  // client connections over all listeners
  LogClock clock;
};

// One listener of the balancer at run time. Sessions share it, so that it outlives its removal until they are done.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(EventLoop& loop, LogSink& log, std::shared_ptr<BalancerShared> shared);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Takes a configuration; what has not changed is not touched.
  base::Result<> configure(const state::Listener& config, base::UniqueFd socket);
  // Removed: accepts no more, lets requests end, closes connections that wait for one.
  void retire();
  // Another process has taken this one's place: accepts no more, and each connection ends with its next answer, which
  // says so, or when none is asked for.
  void drain();
  // Routes, links or addresses changed: looks at every backend as at a new one, and connects anew.
  void lookAnew();

  void sessionEnded(Session* session);

  const std::shared_ptr<const state::Listener>& config() const { return config_; }
  const std::deque<Flip>& flips() const { return flips_; }  // the last ones, oldest first
  BalancerShared& shared() { return *shared_; }
  // The default pool first, then the others by name.
  const std::vector<std::shared_ptr<Pool>>& pools() const { return pools_; }
  // The pool of that name; the default one if there is none.
  const std::shared_ptr<Pool>& pool(const std::string& name) const;
  const std::shared_ptr<BufferPool>& buffers() const { return buffers_; }
  std::size_t sessionCount() const { return sessions_.size(); }
  bool retired() const { return retired_; }
  bool draining() const { return draining_; }
  // How long a client that says nothing has been there already when it is accepted.
  base::Milliseconds deferral() const;
  LogSink& log() { return log_; }
  // Empty: for a head while it is written.
  std::string& scratch() {
    scratch_.clear();
    return scratch_;
  }
  ListenerCounters counters;

 private:
  void serve(base::UniqueFd client, const Endpoint& peer);
  void setPools(const state::Listener& config);
  void told(const Pool& pool, const Backend& backend);
  std::vector<std::shared_ptr<Session>> sessions() const;  // for what may end some of them
  std::size_t limit() const;

  EventLoop& loop_;
  LogSink& log_;
  std::shared_ptr<BalancerShared> shared_;
  std::shared_ptr<const state::Listener> config_;
  Acceptor acceptor_;
  std::shared_ptr<BufferPool> buffers_;
  std::vector<std::shared_ptr<Pool>> pools_;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
  std::deque<Flip> flips_;
  std::string scratch_;
  bool retired_ = false;
  bool draining_ = false;
};

}  // namespace vpclab::lb
