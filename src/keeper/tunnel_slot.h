#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "keeper/live_child.h"
#include "keeper/process_slot.h"

namespace vpclab::keeper {

// One wireguard-go. It is not started again by itself: its interface has gone with it. Lives until dropped() is called,
// which asks its owner to destroy it later, from the loop.
class TunnelSlot {
 public:
  TunnelSlot(Context* context, Tunnel tunnel, std::function<void()> dropped);

  // See Client. `done` is called once, possibly before this returns.
  void put(const Tunnel& tunnel, base::Deadline deadline, Done done);
  void remove(base::Deadline deadline, Done done);
  base::Result<base::UniqueFd> open() const;

  TunnelStatus status() const;

 private:
  void start(base::Deadline deadline, Done done);
  base::Result<std::unique_ptr<LiveChild>> launch();
  std::string title() const;
  void poll();
  base::Result<> setMtu() const;
  void finishStart(base::Result<> result);
  void stop(base::Milliseconds grace);
  void ended(int waitStatus);
  void setState(RunState state);
  void drop();

  Context* context_;
  Tunnel tunnel_;
  std::function<void()> dropped_;
  OutputRing output_;
  std::optional<NetnsId> netns_;
  std::optional<NetnsId> socketNetns_;
  std::unique_ptr<LiveChild> child_;
  RunState state_ = RunState::kExited;
  pid_t shownPid_ = 0;
  unsigned restarts_ = 0;
  std::string lastExit_;
  std::optional<base::Error> startError_;
  Done starting_;
  std::vector<Done> stopping_;
  Loop::TimerId pollTimer_ = 0;
  base::Deadline startDeadline_ = base::Deadline::at({});
  bool everRan_ = false;
  bool stopped_ = false;
  bool removing_ = false;
  bool gone_ = false;
};

}  // namespace vpclab::keeper
