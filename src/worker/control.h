#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/frame_socket.h"
#include "lb/balancer.h"
#include "lb/event_loop.h"
#include "lb/log.h"
#include "worker/page_server.h"

namespace vpclab::worker {

// Answers the keeper's messages: {"op":"configure","process":{...}} with the listening sockets, {"op":"status"}, and
// {"op":"drain"}: another worker has taken this one's place, which ends with the last connection that it has. Each
// answer is {"ok":true,...} or {"ok":false,"error":"..."}.
class Control : public lb::EventHandler {
 public:
  // `routeSocket` (RouteWatch::openSocket) is for the case that the process is a load balancer.
  Control(int fd, lb::EventLoop& loop, lb::LogSink& log, base::UniqueFd routeSocket);

  bool ended() const { return ended_ || (draining_ && open() == 0); }
  int exitStatus() const { return exitStatus_; }  // 0: the keeper closed the connection, or all is drained

  void onEvents(std::uint32_t events) override;

 private:
  std::string answer(base::Frame& frame);
  base::Result<> configure(const nlohmann::json& process, std::vector<base::UniqueFd> sockets);
  base::Result<> drain();
  std::size_t open() const;  // connections of clients
  void end(int status);

  int fd_;
  lb::EventLoop& loop_;
  lb::LogSink& log_;
  base::UniqueFd routeSocket_;
  std::unique_ptr<lb::Balancer> balancer_;
  std::unique_ptr<PageServer> pages_;
  bool draining_ = false;
  bool ended_ = false;
  int exitStatus_ = 0;
};

}  // namespace vpclab::worker
