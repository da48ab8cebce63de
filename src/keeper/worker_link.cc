#include "keeper/worker_link.h"

#include <sys/epoll.h>

#include "keeper/wire.h"

namespace vpclab::keeper {

namespace {

constexpr std::size_t kMaxWaiting = 64;

base::Error gone() {
  return {base::ErrorKind::kNotFound, "the worker has ended"};
}

}  // namespace

WorkerLink::WorkerLink(Loop* loop, base::UniqueFd socket, std::function<void()> broken)
    : loop_(loop), stream_(std::move(socket), base::kMaxAnswerBytes), broken_(std::move(broken)) {
  if (!loop_->watch(stream_.fd(), EPOLLIN, [this](std::uint32_t events) { ready(events); })) {
    breakDown();
  }
}

WorkerLink::~WorkerLink() {
  *alive_ = false;
  loop_->forget(stream_.fd());
  for (const auto& answered : waiting_) {
    answered(base::fail(gone()));
  }
}

void WorkerLink::send(const nlohmann::json& message, const std::vector<SharedFd>& fds, Answered answered) {
  if (dead_) {
    answered(base::fail(gone()));
    return;
  }
  if (waiting_.size() >= kMaxWaiting) {
    answered(base::fail(base::ErrorKind::kBusy, "the worker has not answered the messages before this one"));
    return;
  }
  waiting_.push_back(std::move(answered));
  stream_.queue(dump(message), fds);
  flush();
}

void WorkerLink::flush() {
  if (dead_ || !stream_.flush()) {
    breakDown();
    return;
  }
  loop_->change(stream_.fd(), stream_.pending() ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void WorkerLink::ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    flush();
  }
  const auto alive = alive_;
  const auto received = stream_.receive();
  while (!dead_) {
    const auto body = stream_.take();
    if (!body) {
      break;
    }
    auto answer = parse(*body);
    if (!answer || waiting_.empty()) {
      breakDown();
      return;
    }
    const auto answered = std::move(waiting_.front());
    waiting_.pop_front();
    answered(std::move(answer));
    if (!*alive) {
      return;
    }
  }
  if (!received && !dead_) {
    breakDown();
  }
}

void WorkerLink::breakDown() {
  if (!dead_) {
    dead_ = true;
    loop_->forget(stream_.fd());
    broken_();
  }
}

}  // namespace vpclab::keeper
