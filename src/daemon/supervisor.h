#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "daemon/engine.h"

namespace vpclab::daemon {

// Watches the keepers of the labs that are up. A worker's end is its keeper's business; a tunnel that ended takes its
// interface with its addresses and routes, and a keeper takes all its processes: then the stored lab is applied again,
// at once the first time and less and less often while that does not help.
//
// Threading: one thread of its own; watch(), forget() and stop() from any.
class Supervisor {
 public:
  explicit Supervisor(Engine& engine);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void watch(const std::string& lab);
  void forget(const std::string& lab);
  void stop();

 private:
  struct Watched;
  void run();
  void wake();
  // Takes over what watch() and forget() have asked for. Returns false to end.
  bool takeOrders();
  void connect(const std::string& lab, Watched& watched);
  void listen(const std::string& lab, Watched& watched);
  void heal(const std::string& lab, Watched& watched);

  Engine& engine_;
  base::UniqueFd wake_;  // eventfd
  std::mutex mutex_;
  std::map<std::string, bool> orders_;      // lab -> watch or forget; guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::map<std::string, Watched> watched_;  // the thread's own
  std::thread thread_;
};

}  // namespace vpclab::daemon
