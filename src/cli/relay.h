#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace vpclab::cli {

// Copies bytes both ways between two connected stream sockets (the far one may still be connecting). One side's end of
// stream is passed on as such, and the other direction goes on. Memory is bounded: a full buffer stops the reading.
class Relay {
 public:
  // Takes both sockets, which must be non-blocking.
  Relay(base::UniqueFd near, base::UniqueFd far, base::Deadline connectDeadline);

  int nearFd() const { return near_.get(); }
  int farFd() const { return far_.get(); }
  // What to wait for, as of epoll_ctl(2): EPOLLIN and EPOLLOUT.
  unsigned nearEvents() const;
  unsigned farEvents() const;

  // Moves what can be moved. Returns false when both directions are done, or the connection is broken.
  bool advance();
  // Still connecting, at its deadline.
  bool overdue() const { return !connected_ && connectDeadline_.passed(); }
  base::Deadline connectDeadline() const { return connectDeadline_; }
  bool connected() const { return connected_; }
  // Why connecting failed; empty otherwise.
  const std::string& problem() const { return problem_; }

 private:
  struct Direction {
    std::array<char, 64 * 1024> buffer;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool sourceEnded = false;
    bool endPassedOn = false;

    bool wantsToRead() const { return !sourceEnded && begin == end; }
    bool wantsToWrite() const { return begin != end; }
    bool move(int from, int to);  // false: broken
  };

  base::UniqueFd near_;
  base::UniqueFd far_;
  base::Deadline connectDeadline_;
  bool connected_ = false;
  std::string problem_;
  Direction up_;    // near to far
  Direction down_;  // far to near
};

}  // namespace vpclab::cli
