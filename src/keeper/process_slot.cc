#include "keeper/process_slot.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "keeper/sandbox.h"
#include "keeper/wire.h"
#include "state/process_json.h"

namespace vpclab::keeper {

namespace {

constexpr base::Milliseconds kStartTime{10'000};
constexpr base::Milliseconds kGrace{2'000};

// Workers that still finish what they have begun when the next one has taken over; the oldest is ended for one more.
constexpr std::size_t kMaxDraining = 4;

std::string titleOf(const state::Process& process) {
  return "process " + process.name + (process.netns.empty() ? "" : " in " + process.netns);
}

}  // namespace

ProcessSlot::ProcessSlot(Context* context, state::Process process, std::function<void()> dropped)
    : context_(context), process_(std::move(process)), dropped_(std::move(dropped)) {}

ProcessSlot::~ProcessSlot() {
  successor_.reset();
  draining_.clear();
  link_.reset();
  child_.reset();
  for (const auto timer : {startTimer_, restartTimer_, changeTimer_}) {
    context_->loop->cancel(timer);
  }
}

bool ProcessSlot::isWorker() const {
  return !std::holds_alternative<state::Command>(process_.spec);
}

bool ProcessSlot::isCurrent() const {
  return (!netns_ || context_->pins.isStill(process_.netns, *netns_)) && listeners_.current(context_->pins);
}

ProcessStatus ProcessSlot::status() const {
  // One whose namespace has gone serves nobody, whatever it thinks itself.
  const bool stale = state_ == RunState::kRunning && !isCurrent();
  return {process_, stale ? RunState::kExited : state_, child_ ? shownPid_ : 0, restarts_, isOutdated(), lastExit_};
}

void ProcessSlot::setState(RunState state) {
  if (state_ != state) {
    state_ = state;
    context_->publish({false, process_.netns, process_.name, state, lastExit_});
  }
}

void ProcessSlot::put(const state::Process& process, base::Deadline deadline, Done done) {
  if (gone_ || stopped_ || starting_ || changing_) {
    done(base::fail(base::ErrorKind::kBusy, titleOf(process) + ": another call about it is under way"));
    return;
  }
  if (const auto* command = std::get_if<state::Command>(&process.spec)) {
    if (auto valid = checkCommand(*command); !valid) {
      done(base::fail(base::Error(valid.error()).context(titleOf(process))));
      if (!everRan_) {
        drop();
      }
      return;
    }
  }
  if (!isCurrent()) {
    killDraining();  // they would keep a namespace alive that has gone
  }
  const bool running = state_ == RunState::kRunning && child_;
  const bool inPlace = running && isWorker() && process.spec.index() == process_.spec.index() &&
                       (!netns_ || context_->pins.isStill(process_.netns, *netns_));
  if (running && process == process_ && isCurrent() && !isOutdated()) {
    done({});
  } else if (inPlace && isOutdated()) {
    handOver(process, deadline, std::move(done));
  } else if (inPlace) {
    changeInPlace(process, deadline, std::move(done));
  } else if (child_) {
    // Anything else is another process: the old one ends first.
    stopping_.push_back([this, process, deadline, done = std::move(done)](const base::Result<>&) {
      if (removing_) {
        done(base::fail(base::ErrorKind::kCancelled, titleOf(process) + ": removed while it was changed"));
        return;
      }
      stopped_ = false;
      process_ = process;
      start(deadline, done);
    });
    stop(std::min(kGrace, deadline.left() / 2));
  } else {
    process_ = process;
    start(deadline, std::move(done));
  }
}

void ProcessSlot::start(base::Deadline deadline, Done done) {
  context_->loop->cancel(restartTimer_);
  restartTimer_ = 0;
  starting_ = std::move(done);
  startError_.reset();
  commandStatus_.reset();
  startedAt_ = base::Clock::now();
  setState(RunState::kStarting);
  const auto until = deadline.earlier(base::Deadline::after(kStartTime));
  startTimer_ = context_->loop->at(
      until.when(), [this] { failStart(base::Error(base::ErrorKind::kTimeout, "it is not ready in time")); });
  if (auto launched = launch(); !launched) {
    failStart(std::move(launched.error()));
  }
}

base::Result<> ProcessSlot::launch() {
  OpenNetns netns;
  netns_.reset();
  if (!process_.netns.empty()) {
    auto open = context_->pins.open(process_.netns);
    if (!open) {
      return base::fail(std::move(open.error()));
    }
    netns = std::move(*open);
    netns_ = netns.id;
  }
  const OpenNetns* where = netns_ ? &netns : nullptr;
  if (isWorker()) {
    const auto wanted = state::listenAddresses(process_);
    auto sockets = listeners_.open(wanted, context_->pins);
    if (!sockets) {
      return base::fail(std::move(sockets.error()));
    }
    listeners_.dropUnwanted(wanted);
    return launchWorker(where, *sockets);
  }
  auto child = LiveChild::start(planCommand(std::get<state::Command>(process_.spec), process_.netns, where), context_,
                                &output_, handlers());
  if (!child) {
    return base::fail(std::move(child.error()));
  }
  child_ = std::move(*child);
  return {};
}

LiveChild::Handlers ProcessSlot::handlers() {
  return {[this](const ChildStatus& status) { heard(status); }, [this](int status) { ended(status); }};
}

base::Result<> ProcessSlot::launchWorker(const OpenNetns* netns, const std::vector<SharedFd>& sockets) {
  if (!uid_) {  // it is the same one after each restart
    auto taken = WorkerUid::take(context_, process_.netns + "/" + process_.name);
    if (!taken) {
      return base::fail(std::move(taken.error()));
    }
    uid_ = std::move(*taken);
  }
  auto worker = startWorker(context_, netns, uid_->value(), &output_, handlers());
  if (!worker) {
    return base::fail(std::move(worker.error()));
  }
  program_ = worker->program;
  child_ = std::move(worker->child);
  link_ = std::move(worker->link);
  shownPid_ = hostPidOf(child_->pid());
  configureWorker(*link_, process_, sockets, [this](const base::Result<>& configured) {
    if (configured) {
      ready();
    } else if (!startError_ && configured.error().kind() != base::ErrorKind::kNotFound) {
      failStart(configured.error());
    }
  });
  return {};
}

void ProcessSlot::changeInPlace(const state::Process& process, base::Deadline deadline, Done done) {
  auto sockets = listeners_.open(state::listenAddresses(process), context_->pins);
  if (!sockets) {
    listeners_.dropUnwanted(state::listenAddresses(process_));
    done(base::fail(base::Error(sockets.error()).context(titleOf(process))));
    return;
  }
  if (!std::holds_alternative<state::LoadBalancer>(process.spec)) {
    killDraining();  // pages are in many namespaces, of which some may go now; none of their answers takes long
  }
  changing_ = true;
  changeLate_ = false;
  // A worker that hangs is ended; ended() answers, and it starts again with the configuration that it had.
  changeTimer_ = context_->loop->at(deadline.earlier(base::Deadline::after(kStartTime)).when(), [this] {
    changeTimer_ = 0;
    changeLate_ = true;
    if (child_) {
      child_->kill();
    }
  });
  configureWorker(*link_, process, *sockets, [this, process, done = std::move(done)](const base::Result<>& configured) {
    changing_ = false;
    context_->loop->cancel(changeTimer_);
    changeTimer_ = 0;
    if (configured) {
      process_ = process;
    }
    listeners_.dropUnwanted(state::listenAddresses(process_));
    if (configured) {
      done({});
      return;
    }
    done(base::fail((changeLate_ ? base::Error(base::ErrorKind::kTimeout,
                                               "the worker did not answer its new configuration in time and was ended")
                                 : base::Error(configured.error()))
                        .context(titleOf(process))));
  });
}

bool ProcessSlot::isOutdated() const {
  if (!isWorker() || !child_) {
    return false;
  }
  const auto now = identityOf(context_->workerProgram);
  return now && now != program_;  // where there is none, one is just being put there
}

void ProcessSlot::handOver(const state::Process& process, base::Deadline deadline, Done done) {
  const auto refuse = [&](const base::Error& error) {
    listeners_.dropUnwanted(state::listenAddresses(process_));
    done(base::fail(base::Error(error).context(titleOf(process))));
  };
  OpenNetns netns;
  if (!process.netns.empty()) {
    auto open = context_->pins.open(process.netns);
    if (!open) {
      refuse(open.error());
      return;
    }
    netns = std::move(*open);
  }
  auto sockets = listeners_.open(state::listenAddresses(process), context_->pins);
  auto uid = WorkerUid::take(context_, process.netns + "/" + process.name);
  if (!sockets || !uid) {
    refuse(!sockets ? sockets.error() : uid.error());
    return;
  }
  changing_ = true;
  handedOver_ = std::move(done);
  successor_ = std::make_unique<Successor>(
      context_, std::move(*uid), &output_,
      [this, process](base::Result<Worker> worker) { finishHandOver(std::move(worker), process); });
  successor_->start(process.netns.empty() ? nullptr : &netns, process, *sockets,
                    deadline.earlier(base::Deadline::after(kStartTime)));
}

void ProcessSlot::finishHandOver(base::Result<Worker> worker, const state::Process& process) {
  const bool taken = worker.has_value();
  changing_ = false;
  if (taken) {
    adopt(std::move(*worker), process);
  }
  // Later: it is in one of its own functions.
  context_->loop->after({}, [gone = std::shared_ptr<Successor>(std::move(successor_))] {});
  listeners_.dropUnwanted(state::listenAddresses(process_));
  if (!child_) {
    restartLater();  // the old one has ended meanwhile, too
  }
  std::exchange(handedOver_, nullptr)(
      taken ? base::Result<>()
            : base::fail(base::Error(worker.error())
                             .context(titleOf(process) + ": the old worker goes on, for the new one does not serve")));
}

void ProcessSlot::adopt(Worker worker, const state::Process& process) {
  auto uid = successor_->takeUid();
  if (child_) {
    drain({program_, std::move(child_), std::move(link_)}, std::move(*uid_));
  }
  worker.child->follow(handlers());
  program_ = worker.program;
  child_ = std::move(worker.child);
  link_ = std::move(worker.link);
  uid_ = std::move(uid);
  shownPid_ = hostPidOf(child_->pid());
  process_ = process;
  startedAt_ = base::Clock::now();
  setState(RunState::kRunning);
}

void ProcessSlot::drain(Worker worker, WorkerUid uid) {
  LiveChild* const child = worker.child.get();
  child->follow({nullptr, [this, child](int) { drained(child); }});
  if (draining_.size() >= kMaxDraining) {
    draining_.front().worker.child->kill();
  }
  draining_.push_back({std::move(worker), std::move(uid)});
  draining_.back().worker.link->send({{"op", "drain"}}, {}, [child](const base::Result<nlohmann::json>& answer) {
    if (answer && answer->value("ok", nlohmann::json(false)) != nlohmann::json(true)) {
      child->kill();  // it does not know how
    }
  });
}

void ProcessSlot::drained(LiveChild* child) {
  std::erase_if(draining_, [child](const Draining& one) { return one.worker.child.get() == child; });
  if (stopped_ && !child_) {
    tellStopped();
  }
}

void ProcessSlot::killDraining() {
  for (const auto& one : draining_) {
    one.worker.child->kill();
  }
}

void ProcessSlot::stop(base::Milliseconds grace) {
  stopped_ = true;
  // What becomes of the start is no longer of interest: ended() tells those who wait for either.
  context_->loop->cancel(startTimer_);
  startTimer_ = 0;
  if (std::exchange(successor_, nullptr)) {
    changing_ = false;
    std::exchange(handedOver_, nullptr)(
        base::fail(base::ErrorKind::kCancelled, titleOf(process_) + ": removed while a new worker took over"));
  }
  killDraining();
  if (child_) {
    child_->stop(grace);
  } else {
    tellStopped();
  }
}

void ProcessSlot::tellStopped() {
  if (!draining_.empty()) {
    return;  // they go within a moment, and drained() calls again
  }
  for (const auto& done : std::exchange(stopping_, {})) {
    done({});
  }
}

void ProcessSlot::heard(const ChildStatus& status) {
  switch (status.kind) {
    case ChildStatus::Kind::kFailed:
      startError_ = status.error;
      break;
    case ChildStatus::Kind::kProcess:
      shownPid_ = hostPidOf(status.pid);
      break;
    case ChildStatus::Kind::kRunning:
      ready();
      break;
    case ChildStatus::Kind::kEnded:
      commandStatus_ = status.waitStatus;
      break;
  }
}

void ProcessSlot::ready() {
  if (startError_) {
    return;  // too late: it is being ended
  }
  context_->loop->cancel(startTimer_);
  startTimer_ = 0;
  everRan_ = true;
  setState(RunState::kRunning);
  if (const Done done = std::exchange(starting_, nullptr)) {
    done({});
  }
}

// A start that was asked for is answered and forgotten; one after a crash is tried again.
void ProcessSlot::failStart(base::Error error) {
  if (stopped_) {
    return;  // its end is on the way, and ended() must find those who wait for it
  }
  context_->loop->cancel(startTimer_);
  startTimer_ = 0;
  if (child_) {
    // Told by ended(): until the child has gone it holds its listening sockets, and a new start would find them taken.
    startError_ = startError_ ? std::move(startError_) : std::move(error);
    child_->kill();
    return;
  }
  const Done done = std::exchange(starting_, nullptr);
  base::Error told = std::move(error).context(titleOf(process_));
  lastExit_ = told.message();
  if (done) {
    drop();
    done(base::fail(std::move(told)));
  } else {
    restartLater();
  }
}

void ProcessSlot::ended(int waitStatus) {
  const std::string how = describeExit(commandStatus_.value_or(waitStatus));
  const bool wasReady = state_ == RunState::kRunning;
  child_.reset();
  link_.reset();
  if (stopped_) {
    lastExit_ = how;
    context_->loop->cancel(startTimer_);
    if (const Done done = std::exchange(starting_, nullptr)) {
      done(base::fail(base::ErrorKind::kCancelled, titleOf(process_) + ": removed while it started"));
    }
    tellStopped();
    return;
  }
  if (!wasReady) {
    const std::string words = output_.lastLine();
    failStart(startError_ ? *startError_
                          : base::Error(base::ErrorKind::kSystem,
                                        "it ended before it was ready: " + how + (words.empty() ? "" : ": " + words)));
    return;
  }
  lastExit_ = how;
  if (successor_) {
    setState(RunState::kStarting);
  } else {
    restartLater();
  }
}

void ProcessSlot::restartLater() {
  const auto ran = std::chrono::duration_cast<base::Milliseconds>(base::Clock::now() - startedAt_);
  setState(RunState::kBackOff);
  restartTimer_ = context_->loop->after(backoff_.next(ran), [this] {
    restartTimer_ = 0;
    ++restarts_;
    start(base::Deadline::after(kStartTime), nullptr);
  });
}

void ProcessSlot::remove(base::Deadline deadline, Done done) {
  context_->loop->cancel(restartTimer_);
  restartTimer_ = 0;
  removing_ = true;
  stopping_.push_back([this, done = std::move(done)](const base::Result<>&) {
    drop();
    done({});
  });
  stop(std::min(kGrace, deadline.left() / 2));
}

void ProcessSlot::control(const nlohmann::json& message, WorkerLink::Answered answered) {
  if (!link_) {
    answered(base::fail(base::ErrorKind::kNotFound, titleOf(process_) + ": no worker is running"));
    return;
  }
  link_->send(message, {}, std::move(answered));
}

void ProcessSlot::drop() {
  if (!gone_) {
    gone_ = true;
    stopped_ = true;
    setState(RunState::kExited);
    dropped_();
  }
}

}  // namespace vpclab::keeper
