#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "keeper/loop.h"
#include "keeper/netns.h"
#include "keeper/output_ring.h"
#include "keeper/spawn.h"
#include "keeper/watcher.h"

namespace vpclab::keeper {

// Who is waiting for which child's end. Children that nobody waits for are reaped all the same: the keeper is the first
// process of its PID namespace, so orphans become its children.
class ChildTable {
 public:
  using Ended = std::function<void(int waitStatus)>;

  void expect(pid_t pid, Ended ended) { waiting_[pid] = std::move(ended); }
  void forget(pid_t pid) { waiting_.erase(pid); }
  // To be called on SIGCHLD.
  void reap();

 private:
  std::map<pid_t, Ended> waiting_;
};

// What every supervised thing needs.
struct Context {
  Loop* loop = nullptr;
  ChildTable* children = nullptr;
  NetnsPins pins;
  Inherited inherited;
  std::string lab;
  std::string workerProgram;
  std::function<void(const Event&)> publish;
  std::set<std::uint64_t> workerUids = {};  // taken by the slots
};

// A child from its start to its end: follows what it says, keeps its output. Destroyed before that, it kills the child.
class LiveChild {
 public:
  struct Handlers {
    std::function<void(const ChildStatus&)> status;
    std::function<void(int waitStatus)> ended;  // called once, last; may destroy this object
  };

  static base::Result<std::unique_ptr<LiveChild>> start(const ChildPlan& plan, Context* context, OutputRing* output,
                                                        Handlers handlers);
  LiveChild(const LiveChild&) = delete;
  LiveChild& operator=(const LiveChild&) = delete;
  ~LiveChild();

  pid_t pid() const { return child_.pid; }
  base::UniqueFd takeControl() { return std::move(child_.control); }
  // From now on somebody else follows it.
  void follow(Handlers handlers) { handlers_ = std::move(handlers); }
  // SIGTERM now, SIGKILL after `grace`. The end is reported as any other.
  void stop(base::Milliseconds grace);
  void kill();

 private:
  LiveChild(Child child, Context* context, OutputRing* output, Handlers handlers)
      : child_(std::move(child)), context_(context), output_(output), handlers_(std::move(handlers)) {}
  void readStatus();
  void readOutput();
  void end(int waitStatus);

  Child child_;
  Context* context_;
  OutputRing* output_;
  Handlers handlers_;
  Loop::TimerId killTimer_ = 0;
};

}  // namespace vpclab::keeper
