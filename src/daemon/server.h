#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

#include "base/unique_fd.h"
#include "daemon/engine.h"
#include "daemon/peer_limits.h"

namespace vpclab::daemon {

// Serves the API: a thread per connection, one exchange each, so that a slow client delays nobody but itself.
//
// Threading: run() belongs to one thread; stop() may be called from any, also from a signal handler.
class Server {
 public:
  static base::Result<std::unique_ptr<Server>> make(Engine& engine, base::UniqueFd listener);
  ~Server();

  // Until stop(): then no connection is taken any more, running operations stop after their current batch and tell
  // their clients, and run() returns.
  void run();
  void stop();

 private:
  struct Connection {
    std::mutex mutex;
    base::UniqueFd socket;  // the thread's, once that runs; closed under the mutex
    std::thread thread;
    std::optional<PeerLimits::Place> place;  // the thread's too
    std::atomic<std::uint64_t> sends = 0;    // how many have begun and ended; odd while one goes on
    std::atomic<bool> done = false;
  };
  Server(Engine& engine, base::UniqueFd listener, base::UniqueFd wake);
  void accept();
  void serve(Connection& entry);
  void joinFinished();
  void stopReading();
  void leaveStalled();

  Engine& engine_;
  base::UniqueFd listener_;
  base::UniqueFd wake_;  // eventfd
  PeerLimits limits_;
  std::atomic<bool> stopping_ = false;
  std::list<Connection> connections_;  // only run() touches it
};

}  // namespace vpclab::daemon
