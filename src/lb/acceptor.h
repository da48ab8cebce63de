#pragma once

#include <functional>

#include "lb/event_loop.h"
#include "lb/socket.h"

namespace vpclab::lb {

// Accepts the connections of one listening socket, which may be exchanged while it works. Short of descriptors or
// memory it pauses and comes back.
class Acceptor : private EventHandler {
 public:
  // `taker` gets each connection, as acceptFrom() gives it, and whose it is.
  Acceptor(EventLoop& loop, std::function<void(base::UniqueFd, const Endpoint&)> taker);
  ~Acceptor() override;
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Goes on with this socket. Another descriptor of the socket that it has already is closed again: the keeper passes
  // every socket each time.
  base::Result<> take(base::UniqueFd socket);
  // From now on the kernel keeps a connection to itself until its first bytes come, or for kDeferral.
  void setDeferring(bool deferring);
  static constexpr base::Milliseconds kDeferral{1000};  // the shortest that TCP_DEFER_ACCEPT knows
  // While it is paused, connections wait in the kernel.
  void setPaused(bool paused);
  // Accepts what waits and closes the socket.
  void close();

 private:
  void applyDeferral();
  void onEvents(std::uint32_t events) override;
  void acceptAll(bool last);  // `last`: even while it is paused
  void watch();
  void unwatch();

  EventLoop& loop_;
  std::function<void(base::UniqueFd, const Endpoint&)> taker_;
  base::UniqueFd socket_;
  bool watched_ = false;
  bool paused_ = false;
  bool deferring_ = false;
  Timer resume_;  // runs while descriptors or memory are short
};

}  // namespace vpclab::lb
