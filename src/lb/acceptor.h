#pragma once

#include <functional>

#include "lb/event_loop.h"

namespace vpclab::lb {

// Accepts the connections of one listening socket, which may be exchanged while it works. Short of descriptors or
// memory it pauses and comes back.
class Acceptor : private EventHandler {
 public:
  // `taker` gets each connection, non-blocking and close-on-exec; one that it does not want it lets go.
  Acceptor(EventLoop& loop, std::function<void(base::UniqueFd)> taker);
  ~Acceptor() override;
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Goes on with this socket. Another descriptor of the socket that it has already is closed again: the keeper passes
  // every socket each time.
  base::Result<> take(base::UniqueFd socket);
  // Accepts what waits and closes the socket.
  void close();

 private:
  void onEvents(std::uint32_t events) override;
  void acceptAll();
  void resume();

  EventLoop& loop_;
  std::function<void(base::UniqueFd)> taker_;
  base::UniqueFd socket_;
  Timer resume_;  // while it runs, the socket is not watched
};

}  // namespace vpclab::lb
