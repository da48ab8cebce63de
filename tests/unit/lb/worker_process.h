#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/unique_fd.h"
#include "http/message.h"
#include "state/process.h"

namespace vpclab::test {

// A listening socket on a loopback address, on a port that the kernel chose.
struct Listening {
  explicit Listening(const std::string& address);
  explicit Listening(const state::ListenAddress& again);  // where another one has listened before
  base::UniqueFd fd;
  state::ListenAddress address;
};

base::UniqueFd connectTo(const state::ListenAddress& address);

// The real vpclab-worker, driven as the keeper does.
class Worker {
 public:
  Worker();
  ~Worker();
  nlohmann::json configure(const state::Process& process, const std::vector<int>& sockets);
  nlohmann::json status();
  nlohmann::json call(const std::string& body, const std::vector<int>& sockets = {});
  // Waits until every backend of the first listener has that state.
  bool waitForState(const std::string& state);
  // What it has logged so far; waits until that is in it, or 5 s.
  std::string log() const;
  std::string waitForLog(const std::string& part) const;
  int pid() const { return pid_; }
  int control() const { return control_.get(); }
  int end();  // closes the control socket; the exit status

 private:
  base::UniqueFd control_;
  base::UniqueFd log_;
  int pid_ = -1;
};

// Three pages "s1", "s2", "s3" and a balancer before them.
struct Lab {
  Lab();
  state::Process process() const { return {"lb", "lb", state::LoadBalancer{"lb", {listener}}}; }
  void apply();
  std::vector<Listening> sites;
  Listening front;
  Worker pages;
  Worker balancer;
  state::Listener listener;
};

state::Listener listenerFor(const Listening& front, const std::vector<state::ListenAddress>& backends);

// One request on a connection of its own, or several on one; the bodies, whitespace at the end removed. "!..." on
// errors.
std::string get(const state::ListenAddress& address);
std::string getMany(const state::ListenAddress& address, int count);
// Sends bytes, returns everything until the peer closes (or 5 s).
std::string raw(const state::ListenAddress& address, const std::string& bytes);

}  // namespace vpclab::test
