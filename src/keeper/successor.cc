#include "keeper/successor.h"

namespace vpclab::keeper {

Successor::Successor(Context* context, WorkerUid uid, OutputRing* output, Decided decided)
    : context_(context), uid_(std::move(uid)), output_(output), decided_(std::move(decided)) {}

Successor::~Successor() {
  decided_ = nullptr;
  context_->loop->cancel(timer_);
}

void Successor::start(const OpenNetns* netns, const state::Process& process, const std::vector<SharedFd>& sockets,
                      base::Deadline deadline) {
  timer_ = context_->loop->at(deadline.when(), [this] {
    timer_ = 0;
    decide(base::Error(base::ErrorKind::kTimeout, "it is not ready in time"));
  });
  auto worker = startWorker(
      context_, netns, uid_.value(), output_,
      {[this](const ChildStatus& status) { startError_ = status.error; }, [this](int status) { ended(status); }});
  if (!worker) {
    decide(std::move(worker.error()));
    return;
  }
  worker_ = std::move(*worker);
  configureWorker(*worker_.link, process, sockets, [this](const base::Result<>& configured) {
    if (configured) {
      decide(std::nullopt);
    } else if (configured.error().kind() != base::ErrorKind::kNotFound) {
      decide(configured.error());
    }  // else it has ended, and ended() knows more
  });
}

void Successor::ended(int waitStatus) {
  const std::string words = output_->lastLine();
  decide(startError_
             ? *startError_
             : base::Error(base::ErrorKind::kSystem, "it ended before it was ready: " + describeExit(waitStatus) +
                                                         (words.empty() ? "" : ": " + words)));
}

void Successor::decide(std::optional<base::Error> failure) {
  if (!decided_) {
    return;
  }
  context_->loop->cancel(timer_);
  timer_ = 0;
  const Decided decided = std::exchange(decided_, nullptr);
  if (failure) {
    decided(base::fail(std::move(*failure)));
  } else {
    decided(std::move(worker_));
  }
}

}  // namespace vpclab::keeper
