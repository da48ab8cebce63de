#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "lb/event_loop.h"

namespace vpclab::lb {

// A request that waits until a backend is below its maxConnections.
class Waiter {
 public:
  virtual ~Waiter() = default;
  // A backend may be free: leaves the queue with it, or stays where it is, having found all that it may go to full.
  // Returns whether it has left.
  virtual bool offer() = 0;
};

// First come, first served. A waiter that goes away by itself leaves before.
class Queue {
 public:
  explicit Queue(EventLoop& loop) : loop_(loop) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  struct Entry {
    Waiter* waiter;
    bool choosy;
  };
  using Place = std::list<Entry>::iterator;
  // `choosy`: it may not go to every backend, or to one that the others may not go to, so that what it finds says
  // nothing to them, nor theirs to it.
  Place join(Waiter& waiter, bool choosy);
  void leave(Place place);
  std::size_t size() const { return waiters_.size(); }
  std::size_t longest() const { return longest_; }  // it has ever been

  // Offers what has become free to those who wait, once this round of the loop is through; `owner` is kept until then.
  void serve(const std::shared_ptr<void>& owner);

 private:
  void offerAll();

  EventLoop& loop_;
  std::list<Entry> waiters_;
  std::size_t choosy_ = 0;       // of them
  Place next_ = waiters_.end();  // to be offered a place; leave() moves it on
  std::size_t longest_ = 0;
  bool serving_ = false;
};

}  // namespace vpclab::lb
