#include "lb/backend.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kMaxIdle = 128;
// Shorter than the servers' own limits (Apache httpd: 5 s), so that most often we are the ones who close.
constexpr base::Milliseconds kIdleTime{4000};

}  // namespace

Upstream::Upstream(EventLoop& loop, std::shared_ptr<Backend> owner)
    : socket(loop), backend(std::move(owner)), loop_(loop), timer_(loop, [this] { onTimer(); }) {}

// While it waits for its next request. Whatever comes from the backend meanwhile, its end or bytes that nobody asked
// for, makes it useless.
void Upstream::onSocket(Socket& /*socket*/) {
  if (keeper_ != nullptr && (socket.readable() || socket.broken())) {
    keeper_->drop(this);
  }
}

void Upstream::onTimer() {
  if (keeper_ == nullptr) {
    return;
  }
  if (loop_.now() < idleEnd_) {
    timer_.startAt(idleEnd_);
  } else {
    keeper_->drop(this);
  }
}

Backend::Backend(EventLoop& loop, state::Backend config) : loop_(loop), config_(std::move(config)) {
  const std::string text = config_.name + " " + config_.address.toString() + " " + std::to_string(config_.port);
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(base::stableHash(text)));
  stickyId_ = digits.data();
}

Backend::~Backend() = default;

void Backend::drop(Upstream* idle) {
  const auto found = std::find_if(idle_.begin(), idle_.end(), [&](const auto& one) { return one.get() == idle; });
  if (found == idle_.end()) {
    return;
  }
  std::unique_ptr<Upstream> owned = std::move(*found);
  idle_.erase(found);
  owned->keeper_ = nullptr;
  owned->socket.close();
  loop_.dispose(std::move(owned));
}

std::unique_ptr<Upstream> Backend::takeIdle() {
  if (idle_.empty()) {
    return nullptr;
  }
  std::unique_ptr<Upstream> last = std::move(idle_.back());
  idle_.pop_back();
  last->keeper_ = nullptr;
  last->reused = true;
  return last;
}

void Backend::giveIdle(std::unique_ptr<Upstream> upstream) {
  if (retired_ || idle_.size() >= kMaxIdle || upstream->socket.readable() || upstream->socket.broken()) {
    upstream->socket.close();
    loop_.dispose(std::move(upstream));
    return;
  }
  upstream->backend.reset();  // or pool and backend would keep each other
  upstream->keeper_ = this;
  upstream->socket.setOwner(upstream.get());
  upstream->idleEnd_ = loop_.now() + kIdleTime;
  if (!upstream->timer_.running()) {
    upstream->timer_.startAt(upstream->idleEnd_);
  }
  idle_.push_back(std::move(upstream));
}

void Backend::closeIdle() {
  while (!idle_.empty()) {
    drop(idle_.back().get());
  }
}

void Backend::retire() {
  retired_ = true;
  closeIdle();
}

}  // namespace vpclab::lb
