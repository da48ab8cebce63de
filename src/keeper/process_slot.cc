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

// Workers run as users that nobody else is: systemd's range for dynamic users.
constexpr std::uint64_t kFirstUid = 61184;
constexpr std::uint64_t kLastUid = 65519;

constexpr std::uint64_t kUids = kLastUid - kFirstUid + 1;

std::string titleOf(const state::Process& process) {
  return "process " + process.name + (process.netns.empty() ? "" : " in " + process.netns);
}

}  // namespace

ProcessSlot::ProcessSlot(Context* context, state::Process process, std::function<void()> dropped)
    : context_(context), process_(std::move(process)), dropped_(std::move(dropped)) {}

ProcessSlot::~ProcessSlot() {
  link_.reset();
  child_.reset();
  for (const auto timer : {startTimer_, restartTimer_, changeTimer_}) {
    context_->loop->cancel(timer);
  }
  context_->workerUids.erase(uid_);
}

// The same one after each restart, and none that another slot of this keeper has: they could signal each other.
base::Result<> ProcessSlot::takeUid() {
  if (uid_ != 0) {
    return {};
  }
  const auto wish = base::stableHash(context_->lab + "/" + process_.netns + "/" + process_.name) % kUids;
  for (std::uint64_t i = 0; i < kUids; ++i) {
    const std::uint64_t uid = kFirstUid + (wish + i) % kUids;
    if (context_->workerUids.insert(uid).second) {
      uid_ = uid;
      return {};
    }
  }
  return base::fail(base::ErrorKind::kLimit, "a lab has at most " + std::to_string(kUids) + " workers");
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
  return {process_, stale ? RunState::kExited : state_, child_ ? shownPid_ : 0, restarts_, lastExit_};
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
  const bool running = state_ == RunState::kRunning && child_;
  const bool inPlace = running && isWorker() && process.spec.index() == process_.spec.index() &&
                       (!netns_ || context_->pins.isStill(process_.netns, *netns_));
  if (running && process == process_ && isCurrent()) {
    done({});
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
  auto child =
      LiveChild::start(planCommand(std::get<state::Command>(process_.spec), process_.netns, where), context_, &output_,
                       {[this](const ChildStatus& status) { heard(status); }, [this](int status) { ended(status); }});
  if (!child) {
    return base::fail(std::move(child.error()));
  }
  child_ = std::move(*child);
  return {};
}

base::Result<> ProcessSlot::launchWorker(const OpenNetns* netns, const std::vector<SharedFd>& sockets) {
  if (auto taken = takeUid(); !taken) {
    return taken;
  }
  ChildPlan plan;
  plan.title = "run " + context_->workerProgram;
  plan.netns = netns;
  plan.control = true;
  plan.keepFileLimit = true;
  plan.argv = {context_->workerProgram, "serve", "--uid", std::to_string(uid_)};
  plan.environment = baseEnvironment();
  auto child =
      LiveChild::start(plan, context_, &output_,
                       {[this](const ChildStatus& status) { heard(status); }, [this](int status) { ended(status); }});
  if (!child) {
    return base::fail(std::move(child.error()));
  }
  child_ = std::move(*child);
  shownPid_ = hostPidOf(child_->pid());
  link_ = std::make_unique<WorkerLink>(context_->loop, child_->takeControl(), [this] {
    // A worker without its control socket ends by itself; one that talks nonsense has to be ended.
    if (child_) {
      child_->kill();
    }
  });
  configure(process_, sockets, [this](const base::Result<>& configured) {
    if (configured) {
      ready();
    } else if (!startError_ && configured.error().kind() != base::ErrorKind::kNotFound) {
      failStart(configured.error());
    }
  });
  return {};
}

void ProcessSlot::configure(const state::Process& process, const std::vector<SharedFd>& sockets, Done done) {
  const nlohmann::json message = {{"op", "configure"}, {"process", state::processToJson(process)}};
  link_->send(message, sockets, [done = std::move(done)](base::Result<nlohmann::json> answer) {
    if (!answer) {
      done(base::fail(std::move(answer.error())));
    } else if (answer->value("ok", nlohmann::json(false)) != nlohmann::json(true)) {
      const auto text = stringMember(*answer, "error");
      done(base::fail(base::ErrorKind::kInvalid,
                      "the worker refused its configuration: " + (text ? base::printable(*text) : "without a reason")));
    } else {
      done({});
    }
  });
}

void ProcessSlot::changeInPlace(const state::Process& process, base::Deadline deadline, Done done) {
  auto sockets = listeners_.open(state::listenAddresses(process), context_->pins);
  if (!sockets) {
    listeners_.dropUnwanted(state::listenAddresses(process_));
    done(base::fail(base::Error(sockets.error()).context(titleOf(process))));
    return;
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
  configure(process, *sockets, [this, process, done = std::move(done)](const base::Result<>& configured) {
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

void ProcessSlot::stop(base::Milliseconds grace) {
  stopped_ = true;
  // What becomes of the start is no longer of interest: ended() tells those who wait for either.
  context_->loop->cancel(startTimer_);
  startTimer_ = 0;
  child_->stop(grace);
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
    for (const auto& done : std::exchange(stopping_, {})) {
      done({});
    }
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
  restartLater();
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
  if (!child_) {
    drop();
    done({});
    return;
  }
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
