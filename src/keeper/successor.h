#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "keeper/worker_start.h"

namespace vpclab::keeper {

// A worker that is to take another one's place, until it serves on the same sockets or is known not to. Destroyed
// before that, it is killed, and nobody is told.
class Successor {
 public:
  // Called once, with the worker or why it could not start; may destroy this object.
  using Decided = std::function<void(base::Result<Worker>)>;

  Successor(Context* context, WorkerUid uid, OutputRing* output, Decided decided);
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;
  ~Successor();

  void start(const OpenNetns* netns, const state::Process& process, const std::vector<SharedFd>& sockets,
             base::Deadline deadline);
  WorkerUid takeUid() { return std::move(uid_); }

 private:
  void decide(std::optional<base::Error> failure);
  void ended(int waitStatus);

  Context* context_;
  WorkerUid uid_;
  OutputRing* output_;
  Decided decided_;
  std::optional<base::Error> startError_;
  Loop::TimerId timer_ = 0;
  Worker worker_;  // the first to go: its end is told to nobody
};

}  // namespace vpclab::keeper
