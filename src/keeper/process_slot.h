#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "keeper/backoff.h"
#include "keeper/listeners.h"
#include "keeper/live_child.h"
#include "keeper/successor.h"
#include "keeper/worker_link.h"
#include "keeper/worker_start.h"

namespace vpclab::keeper {

// One supervised process: a worker or a command. A worker whose program's file was replaced is followed by another one
// on the same sockets, beside which it finishes what it has begun. Lives until dropped() is called, which asks its
// owner to destroy it later, from the loop.
class ProcessSlot {
 public:
  ProcessSlot(Context* context, state::Process process, std::function<void()> dropped);
  ProcessSlot(const ProcessSlot&) = delete;
  ProcessSlot& operator=(const ProcessSlot&) = delete;
  ~ProcessSlot();

  // See Client::put(). `done` is called once, possibly before this returns.
  void put(const state::Process& process, base::Deadline deadline, Done done);
  void remove(base::Deadline deadline, Done done);
  void control(const nlohmann::json& message, WorkerLink::Answered answered);

  ProcessStatus status() const;
  const OutputRing& output() const { return output_; }

 private:
  bool isWorker() const;
  bool isCurrent() const;
  void start(base::Deadline deadline, Done done);
  base::Result<> launch();
  base::Result<> launchWorker(const OpenNetns* netns, const std::vector<SharedFd>& sockets);
  void changeInPlace(const state::Process& process, base::Deadline deadline, Done done);
  bool isOutdated() const;
  void handOver(const state::Process& process, base::Deadline deadline, Done done);
  void finishHandOver(base::Result<Worker> worker, const state::Process& process);
  void adopt(Worker worker, const state::Process& process);
  void drain(Worker worker, WorkerUid uid);
  void drained(LiveChild* child);
  void killDraining();
  LiveChild::Handlers handlers();
  void heard(const ChildStatus& status);
  void ready();
  void failStart(base::Error error);
  void stop(base::Milliseconds grace);
  void tellStopped();
  void ended(int waitStatus);
  void restartLater();
  void setState(RunState state);
  void drop();

  Context* context_;
  state::Process process_;
  std::function<void()> dropped_;
  OutputRing output_;
  Listeners listeners_;
  Backoff backoff_;
  std::optional<NetnsId> netns_;  // where the running child is; none: in one of its own
  std::optional<WorkerUid> uid_;
  std::optional<FileIdentity> program_;  // of the running worker
  std::unique_ptr<LiveChild> child_;
  std::unique_ptr<WorkerLink> link_;
  std::unique_ptr<Successor> successor_;  // of the running worker
  struct Draining {
    Worker worker;
    WorkerUid uid;
  };
  std::vector<Draining> draining_;  // workers that were replaced, the oldest first
  RunState state_ = RunState::kStarting;
  pid_t shownPid_ = 0;  // in the host's PID namespace
  unsigned restarts_ = 0;
  std::string lastExit_;
  std::optional<int> commandStatus_;       // as its init process has reported it
  std::optional<base::Error> startError_;  // why the child could not become what it should
  Done starting_;                          // waits for ready()
  Done handedOver_;                        // waits for finishHandOver()
  std::vector<Done> stopping_;             // wait for the end
  Loop::TimerId startTimer_ = 0;
  Loop::TimerId restartTimer_ = 0;
  Loop::TimerId changeTimer_ = 0;
  base::Clock::time_point startedAt_;
  bool everRan_ = false;
  bool changing_ = false;    // a worker, or its successor, has not yet answered its new configuration
  bool changeLate_ = false;  // and was ended for that
  bool stopped_ = false;     // asked to end
  bool removing_ = false;    // and not to be started again
  bool gone_ = false;
};

}  // namespace vpclab::keeper
