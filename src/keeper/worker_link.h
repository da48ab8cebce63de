#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "keeper/frame_stream.h"
#include "keeper/loop.h"

namespace vpclab::keeper {

// The keeper's end of a worker's control socket. The worker answers every message, in order. It may be hostile: it
// works on bytes from the network.
class WorkerLink {
 public:
  using Answered = std::function<void(base::Result<nlohmann::json>)>;

  // `broken` is called when the worker has closed its end or talks nonsense; it must not destroy this object.
  WorkerLink(Loop* loop, base::UniqueFd socket, std::function<void()> broken);
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;
  // Whoever still waits for an answer gets kNotFound.
  ~WorkerLink();

  // Errors of the answer: kBusy where too many messages wait for theirs.
  void send(const nlohmann::json& message, const std::vector<SharedFd>& fds, Answered answered);

 private:
  void ready(std::uint32_t events);
  void flush();
  void breakDown();

  Loop* loop_;
  FrameStream stream_;
  std::function<void()> broken_;
  std::deque<Answered> waiting_;
  bool dead_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // false: destroyed by one of its own callbacks
};

}  // namespace vpclab::keeper
