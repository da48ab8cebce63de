#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "api/event.h"
#include "base/clock.h"

namespace vpclab::daemon {

// The process at the other end of a connection.
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary; not asked for where it is root's
};

// The client of one operation, as the operation sees it.
class Session {
 public:
  virtual ~Session() = default;
  // Tells the client; a client that has gone is not told, and stopped() is true from then on.
  virtual void send(const api::Event& event) = 0;
  // The client has gone, has asked to stop, or the daemon is ending.
  virtual bool stopped() = 0;
  virtual bool ending() const = 0;  // the daemon is
  // Waits until the deadline. Whether a client that is still there would take what send() sends it at once.
  virtual bool ready(base::Deadline deadline) = 0;
  virtual Peer peer() const = 0;   // pid 0: the daemon itself
  virtual int socket() const = 0;  // what the client sends behind its request; -1: nobody

  // Is let go of with the session, after the answer: to take a large lab's nouns apart takes a while.
  void keep(std::shared_ptr<const void> what) { kept_.push_back(std::move(what)); }

 private:
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace vpclab::daemon
