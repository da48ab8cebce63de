#pragma once

#include <map>
#include <vector>

#include "base/result.h"
#include "keeper/frame_stream.h"
#include "keeper/netns.h"
#include "state/process.h"

namespace vpclab::keeper {

// The listening sockets of one worker. They outlive it, so that what waits in their backlogs is served by the next one.
class Listeners {
 public:
  // Opens what is missing and keeps what is there; returns the sockets in the order of `wanted`. What `wanted` does not
  // name stays open until dropUnwanted(). A socket in a namespace that was replaced is opened again.
  base::Result<std::vector<SharedFd>> open(const std::vector<state::ListenAddress>& wanted, const NetnsPins& pins);
  void dropUnwanted(const std::vector<state::ListenAddress>& wanted);
  // Whether every socket is in the namespace that its node has now.
  bool current(const NetnsPins& pins) const;

 private:
  struct Entry {
    NetnsId netns;
    SharedFd socket;
  };
  void silence(const state::ListenAddress& address, const std::vector<state::ListenAddress>& wanted);

  std::map<state::ListenAddress, Entry> entries_;
};

}  // namespace vpclab::keeper
