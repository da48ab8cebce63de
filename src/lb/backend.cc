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

// A connection that waits for its next request. Whatever comes from the backend meanwhile, its end or bytes that nobody
// asked for, makes it useless.
class Backend::Idle : public SocketOwner {
 public:
  Idle(EventLoop& loop, Backend& backend, std::unique_ptr<Upstream> held)
      : upstream(std::move(held)), backend_(backend), timer_(loop, [this] { backend_.drop(this); }) {
    upstream->socket.setOwner(this);
    timer_.startIn(kIdleTime);
  }
  void onSocket(Socket& socket) override {
    if (socket.readable() || socket.broken()) {
      backend_.drop(this);
    }
  }
  std::unique_ptr<Upstream> upstream;

 private:
  Backend& backend_;
  Timer timer_;
};

Backend::Backend(EventLoop& loop, state::Backend config) : loop_(loop), config_(std::move(config)) {
  const std::string text = config_.name + " " + config_.address.toString() + " " + std::to_string(config_.port);
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(base::stableHash(text)));
  stickyId_ = digits.data();
}

Backend::~Backend() = default;

void Backend::drop(Idle* idle) {
  const auto found = std::find_if(idle_.begin(), idle_.end(), [&](const auto& one) { return one.get() == idle; });
  if (found == idle_.end()) {
    return;
  }
  std::shared_ptr<Idle> owned = std::move(*found);
  idle_.erase(found);
  owned->upstream->socket.close();
  owned->upstream->backend.reset();
  loop_.dispose(std::move(owned));
}

std::unique_ptr<Upstream> Backend::takeIdle() {
  if (idle_.empty()) {
    return nullptr;
  }
  std::shared_ptr<Idle> last = std::move(idle_.back());
  idle_.pop_back();
  std::unique_ptr<Upstream> upstream = std::move(last->upstream);
  upstream->backend = shared_from_this();
  upstream->reused = true;
  loop_.dispose(std::move(last));
  return upstream;
}

void Backend::giveIdle(std::unique_ptr<Upstream> upstream) {
  if (retired_ || idle_.size() >= kMaxIdle || upstream->socket.readable() || upstream->socket.broken()) {
    upstream->socket.close();
    loop_.dispose(std::move(upstream));
    return;
  }
  upstream->backend.reset();  // or pool and backend would keep each other
  idle_.push_back(std::make_shared<Idle>(loop_, *this, std::move(upstream)));
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
