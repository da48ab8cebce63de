#include "keeper/live_child.h"

#include <array>
#include <csignal>

#include <sys/epoll.h>
#include <sys/wait.h>

namespace vpclab::keeper {

void ChildTable::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    const auto found = waiting_.find(pid);
    if (found != waiting_.end()) {
      const Ended ended = std::move(found->second);
      waiting_.erase(found);
      ended(status);
    }
  }
}

base::Result<std::unique_ptr<LiveChild>> LiveChild::start(const ChildPlan& plan, Context* context, OutputRing* output,
                                                          Handlers handlers) {
  auto child = spawn(plan, context->inherited);
  if (!child) {
    return base::fail(std::move(child.error()));
  }
  std::unique_ptr<LiveChild> live(new LiveChild(std::move(*child), context, output, std::move(handlers)));
  LiveChild* self = live.get();
  context->children->expect(self->child_.pid, [self](int status) { self->end(status); });
  auto status = context->loop->watch(self->child_.status.get(), EPOLLIN, [self](std::uint32_t) { self->readStatus(); });
  auto bytes = context->loop->watch(self->child_.output.get(), EPOLLIN, [self](std::uint32_t) { self->readOutput(); });
  if (!status || !bytes) {
    return base::fail(base::Error(!status ? status.error() : bytes.error()).context(plan.title));
  }
  return live;
}

LiveChild::~LiveChild() {
  context_->loop->cancel(killTimer_);
  for (const auto* fd : {&child_.status, &child_.output}) {
    if (fd->valid()) {
      context_->loop->forget(fd->get());
    }
  }
  if (child_.pid > 0) {
    context_->children->forget(child_.pid);
    ::kill(child_.pid, SIGKILL);  // not reaped yet, so the number is still its own
  }
}

void LiveChild::stop(base::Milliseconds grace) {
  if (child_.pid > 0) {
    ::kill(child_.pid, SIGTERM);
    if (killTimer_ == 0) {
      killTimer_ = context_->loop->after(grace, [this] { kill(); });
    }
  }
}

void LiveChild::kill() {
  if (child_.pid > 0) {
    ::kill(child_.pid, SIGKILL);
  }
}

void LiveChild::readStatus() {
  while (child_.status.valid()) {
    auto status = receiveStatus(child_.status.get());
    if (!status) {
      context_->loop->forget(child_.status.get());
      child_.status.reset();
    } else if (!*status) {
      return;
    } else if (handlers_.status) {
      handlers_.status(**status);
    }
  }
}

void LiveChild::readOutput() {
  std::array<char, 16384> buffer;
  constexpr int kReadsPerTurn = 8;  // one chatty process must not keep the loop to itself
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const ssize_t n = ::read(child_.output.get(), buffer.data(), buffer.size());
    if (n < 0) {
      return;
    }
    if (n == 0) {
      context_->loop->forget(child_.output.get());
      child_.output.reset();
      return;
    }
    output_->append(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
  }
}

void LiveChild::end(int waitStatus) {
  child_.pid = 0;
  // What it said and wrote last is still in the sockets.
  readStatus();
  if (child_.output.valid()) {
    readOutput();
  }
  const auto ended = std::move(handlers_.ended);
  ended(waitStatus);
}

}  // namespace vpclab::keeper
