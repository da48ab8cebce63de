#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lb/backend.h"
#include "lb/balance.h"
#include "lb/event_loop.h"
#include "lb/health_checker.h"
#include "lb/queue.h"
#include "state/process.h"

namespace vpclab::lb {

// The backends among which one balance chooses, with their checks. Sessions share it, so that it outlives its removal
// until they are done.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  // `flipped` is called when a backend's health changes.
  Pool(EventLoop& loop, std::string name, std::function<void(const Pool&, const Backend&)> flipped);

  // What has not changed keeps its health, counters and turn. `shown` is its name in the log.
  void configure(const std::string& shown, state::Balance balance, const std::vector<state::Backend>& wanted,
                 const state::HealthCheck& check);
  // Removed: no more checks, no idle connections.
  void retire();
  // Routes, links or addresses changed: looks at every backend as at a new one.
  void lookAnew();

  struct Choice {
    std::shared_ptr<Backend> backend;  // null: nobody may get the request
    bool full = false;                 // but somebody could, were it not for its maxConnections
  };
  // A backend for the next request, by the balance; none of those in `tried`, which the choice joins.
  Choice choose(const net::IpAddr& client, std::vector<std::shared_ptr<Backend>>& tried);
  // The backend with that id (Backend::stickyId); null: there is none.
  std::shared_ptr<Backend> find(std::string_view stickyId) const;

  enum class Failure { kUnreachable, kBadAnswer };
  // A request failed there: counts as a failed check, where the checks are passive ones too, and looks at it now. In a
  // pool that is removed it is only counted.
  void failed(const Backend& backend, Failure failure, const std::string& reason);
  // A request is in work there, or not any more: another one may have its place.
  void taken(Backend& backend);
  void released(Backend& backend);

  const std::string& name() const { return name_; }  // empty: the default one
  const std::string& shownName() const { return shown_; }
  const std::vector<std::shared_ptr<Backend>>& backends() const { return backends_; }
  std::uint32_t active() const { return active_; }  // over all backends, removed ones too
  Queue& queue() { return queue_; }
  const Queue& queue() const { return queue_; }

 private:
  bool isLast() const;

  EventLoop& loop_;
  std::string name_;
  std::string shown_;
  std::function<void(const Pool&, const Backend&)> flipped_;
  state::Balance balance_ = state::Balance::kRoundRobin;
  std::vector<std::shared_ptr<Backend>> backends_;
  std::vector<std::unique_ptr<HealthChecker>> checkers_;  // one for each backend, in their order
  std::vector<Candidate> candidates_;                     // likewise
  std::uint64_t turn_ = 0;
  std::uint32_t active_ = 0;
  bool retired_ = false;
  Queue queue_;
};

}  // namespace vpclab::lb
