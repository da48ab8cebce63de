#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lb/backend.h"
#include "lb/event_loop.h"
#include "lb/socket.h"
#include "state/process.h"

namespace vpclab::lb {

// Checks one backend again and again from within the balancer's namespace, and keeps its health and the reason for it.
class HealthChecker : public SocketOwner {
 public:
  // `flipped` is called after each change of state.
  HealthChecker(EventLoop& loop, std::shared_ptr<Backend> backend, state::HealthCheck check,
                std::function<void(const Backend&)> flipped);

  // Takes a new configuration of the checks; state and counters stay.
  void setCheck(const state::HealthCheck& check);
  // A request failed there. Counts as a failed check where those are passive too, unless `lenient`; looks at once.
  void requestFailed(const std::string& reason, bool lenient);
  // What decides whether the backend can be reached has changed (routes, an address, its configuration): look at once,
  // as often as at a new backend (kEagerSpan).
  void lookAnew();
  void stop();

  void onSocket(Socket& socket) override;

 private:
  // There is a reason to doubt the state: look at once. A check that is on its way may still wait for what has been
  // lost before: it gets a moment to end, then another one takes its place; where `always` not, if it has taken one
  // itself.
  void checkNow(bool always);
  void begin();
  void advance();
  void connectFailed();
  void finish(Finding finding, std::string reason);
  void end();  // of the check on its way; the next one comes in its time
  void judge(Finding finding, std::string reason);
  void onTimer();

  EventLoop& loop_;
  std::shared_ptr<Backend> backend_;
  state::HealthCheck check_;
  std::function<void(const Backend&)> flipped_;
  Timer timer_;  // the next check, or the deadline of the one on its way
  std::shared_ptr<Socket> socket_;
  std::string unsent_;
  Buffer answer_;
  bool connected_ = false;
  bool again_ = false;     // something changed while the check was on its way
  bool replaces_ = false;  // it has taken the place of one that came to no result
  base::Clock::time_point started_;
  base::Clock::time_point lastStart_;
};

}  // namespace vpclab::lb
