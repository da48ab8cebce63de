#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/frame_socket.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::keeper {

using SharedFd = std::shared_ptr<const base::UniqueFd>;

// The frames of base/frame_socket.h for a loop that must never wait: takes what has arrived and sends what fits. The
// peer may send no descriptors.
class FrameStream {
 public:
  FrameStream(base::UniqueFd socket, std::size_t maxFrameBytes)
      : socket_(std::move(socket)), maxFrameBytes_(maxFrameBytes) {}

  int fd() const { return socket_.get(); }

  // Reads what is there. kNotFound when the peer has closed; after any error the stream is of no further use.
  base::Result<> receive();
  // The next whole frame that receive() has brought.
  std::optional<std::string> take();

  // Queues a frame; flush() sends it. The descriptors are kept open until they are sent.
  void queue(const std::string& body, const std::vector<SharedFd>& fds);
  base::Result<> flush();
  bool pending() const { return !out_.empty(); }
  std::size_t queuedBytes() const { return queuedBytes_; }

 private:
  struct Part {
    std::string bytes;          // or, if empty:
    std::vector<SharedFd> fds;  // one message's worth
  };
  base::Result<bool> sendBytes(const std::string& bytes);
  base::Result<bool> sendFds(const std::vector<SharedFd>& fds);

  base::UniqueFd socket_;
  std::size_t maxFrameBytes_;
  std::string in_;
  std::deque<Part> out_;
  std::size_t sentOfFirst_ = 0;
  std::size_t queuedBytes_ = 0;
};

}  // namespace vpclab::keeper
