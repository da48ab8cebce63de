#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "daemon/engine.h"
#include "kernel/change_watch.h"
#include "kernel/pin_watch.h"

namespace vpclab::daemon {

// Watches the keepers of the labs that are up. A worker's end is its keeper's business; a tunnel that ended takes its
// interface with its addresses and routes, and a keeper takes all its processes: then the stored lab is applied again,
// at once the first time and less and less often while that does not help. With --heal it hears too of what others
// change in the kernel, looks whether the lab differs then, and heals it by the same rule.
//
// Threading: one thread of its own; all others from any.
class Supervisor {
 public:
  explicit Supervisor(Engine& engine);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void watch(const std::string& lab);
  // Watches the lab, and brings it to what is stored of it.
  void bringBack(const std::string& lab);
  void forget(const std::string& lab);
  void stop();

 private:
  struct Watched;
  enum class Order { kWatch, kBringBack, kForget };
  void order(const std::string& lab, Order order);
  void run();
  void wake();
  // Takes over what watch() and forget() have asked for. Returns false to end.
  bool takeOrders();
  void connect(const std::string& lab, Watched& watched);
  void listen(const std::string& lab, Watched& watched);
  void heal(const std::string& lab, Watched& watched);
  void openEars();
  void noteChanges();
  void look(const std::string& lab, Watched& watched);
  void follow(const std::string& lab);
  void broke(const std::string& lab, Watched& watched, const std::string& reason);

  Engine& engine_;
  base::UniqueFd wake_;  // eventfd
  std::mutex mutex_;
  std::map<std::string, Order> orders_;  // of each lab the last; guarded by mutex_
  bool stopping_ = false;                // guarded by mutex_
  // The thread's own.
  std::map<std::string, Watched> watched_;
  struct Ears {
    kernel::ChangeWatch changes;
    kernel::PinWatch pins;
  };
  std::optional<Ears> ears_;  // with --heal
  std::thread thread_;
};

}  // namespace vpclab::daemon
