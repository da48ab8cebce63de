#include "lb/queue.h"

#include <algorithm>

namespace vpclab::lb {

Queue::Place Queue::join(Waiter& waiter) {
  const Place place = waiters_.insert(waiters_.end(), &waiter);
  longest_ = std::max(longest_, waiters_.size());
  return place;
}

void Queue::leave(Place place) {
  if (next_ == place) {
    ++next_;
  }
  waiters_.erase(place);
}

// Not at once: a request that ends would otherwise begin the next one from within, and that one the next.
void Queue::serve(const std::shared_ptr<void>& owner) {
  if (serving_ || waiters_.empty()) {
    return;
  }
  serving_ = true;
  loop_.soon([this, owner] {
    serving_ = false;
    offerAll();
  });
}

void Queue::offerAll() {
  for (next_ = waiters_.begin(); next_ != waiters_.end();) {
    Waiter* const waiter = *next_++;
    if (!waiter->offer()) {
      break;
    }
  }
  next_ = waiters_.end();
}

}  // namespace vpclab::lb
