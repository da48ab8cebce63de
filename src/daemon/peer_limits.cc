#include "daemon/peer_limits.h"

#include <algorithm>
#include <string>

namespace vpclab::daemon {

namespace {

double tokensAt(double tokens, base::Clock::time_point filled, base::Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - filled).count();
  return std::min(PeerLimits::kBurst, tokens + seconds * PeerLimits::kPerSecond);
}

}  // namespace

PeerLimits::Place::~Place() {
  if (limits_ != nullptr) {
    limits_->leave(uid_);
  }
}

base::Result<PeerLimits::Place> PeerLimits::enter(uid_t uid, base::Clock::time_point now) {
  if (uid == 0) {
    return Place(nullptr, uid);
  }
  const std::lock_guard lock(mutex_);
  forgetIdle(now);
  auto& user = users_.try_emplace(uid, User{0, kBurst, now}).first->second;
  user.tokens = tokensAt(user.tokens, user.filled, now);
  user.filled = now;
  const std::string who = "uid " + std::to_string(uid);
  if (user.tokens < 1) {
    return base::fail(base::ErrorKind::kLimit, who + " asks too often: at most " +
                                                   std::to_string(static_cast<int>(kPerSecond)) + " requests a second");
  }
  user.tokens -= 1;
  if (user.open >= kMaxAtOnce) {
    return base::fail(base::ErrorKind::kBusy,
                      who + " has " + std::to_string(user.open) + " requests under way already; end one of them");
  }
  if (open_ >= kMaxOfUsers) {
    return base::fail(base::ErrorKind::kBusy,
                      "the daemon serves " + std::to_string(open_) + " requests of users already; try again");
  }
  ++user.open;
  ++open_;
  return Place(this, uid);
}

void PeerLimits::leave(uid_t uid) {
  const std::lock_guard lock(mutex_);
  --users_.at(uid).open;
  --open_;
}

// Those who would be given all their tokens again anyway.
void PeerLimits::forgetIdle(base::Clock::time_point now) {
  for (auto it = users_.begin(); it != users_.end();) {
    const bool idle = it->second.open == 0 && tokensAt(it->second.tokens, it->second.filled, now) >= kBurst;
    it = idle ? users_.erase(it) : std::next(it);
  }
}

}  // namespace vpclab::daemon
