#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/relay.h"

namespace vpclab::cli {

// Takes connections on a listening socket and relays each over a socket that `connect` makes. Single-threaded.
class Forwarder {
 public:
  // `connect` returns a non-blocking socket on its way to the target. `complain` is told of each target that could not
  // be reached.
  static base::Result<Forwarder> make(base::UniqueFd listener, std::function<base::Result<base::UniqueFd>()> connect,
                                      std::function<void(const std::string&)> complain);

  // Until `endFd` is readable.
  base::Result<> run(int endFd);

 private:
  using Relays = std::list<Relay>;
  Forwarder(base::UniqueFd listener, base::UniqueFd epoll, std::function<base::Result<base::UniqueFd>()> connect,
            std::function<void(const std::string&)> complain);
  void accept();
  void rearm(Relay& relay) const;
  void end(Relays::iterator relay);
  void endOverdue();
  int timeout() const;

  base::UniqueFd listener_;
  base::UniqueFd epoll_;
  std::function<base::Result<base::UniqueFd>()> connect_;
  std::function<void(const std::string&)> complain_;
  Relays relays_;
};

// A socket listening on 127.0.0.1 of the calling thread's network namespace, and nowhere else.
base::Result<base::UniqueFd> listenOnLoopback(std::uint16_t port);

}  // namespace vpclab::cli
