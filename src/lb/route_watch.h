#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "lb/event_loop.h"

namespace vpclab::lb {

// Calls back when links, addresses, routes or rules of this namespace change: rtnetlink(7). The socket belongs to the
// namespace in which it was opened, and needs no privilege.
class RouteWatch : public EventHandler {
 public:
  static base::Result<base::UniqueFd> openSocket();
  static base::Result<std::unique_ptr<RouteWatch>> start(EventLoop& loop, base::UniqueFd socket,
                                                         std::function<void()> changed);
  ~RouteWatch() override;
  void onEvents(std::uint32_t events) override;

 private:
  RouteWatch(EventLoop& loop, base::UniqueFd socket, std::function<void()> changed);

  EventLoop& loop_;
  base::UniqueFd socket_;
  std::function<void()> changed_;
};

}  // namespace vpclab::lb
