#include "lb/queue.h"

#include <algorithm>

namespace vpclab::lb {

Queue::Place Queue::join(Waiter& waiter, bool choosy) {
  const Place place = waiters_.insert(waiters_.end(), Entry{&waiter, choosy});
  choosy_ += choosy ? 1 : 0;
  longest_ = std::max(longest_, waiters_.size());
  return place;
}

void Queue::leave(Place place) {
  if (next_ == place) {
    ++next_;
  }
  choosy_ -= place->choosy ? 1 : 0;
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
  bool full = false;  // for all who are not choosy
  for (next_ = waiters_.begin(); next_ != waiters_.end() && (!full || choosy_ > 0);) {
    const Entry entry = *next_++;
    if (entry.choosy || !full) {
      const bool left = entry.waiter->offer();
      full = full || (!left && !entry.choosy);
    }
  }
  next_ = waiters_.end();
}

}  // namespace vpclab::lb
