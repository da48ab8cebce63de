#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "check/icmp_channel.h"

namespace vpclab::check {

// Echo requests to one target.
class PingTask : public Task {
 public:
  PingTask(PingJob job, std::shared_ptr<IcmpChannel> channel, TimePoint now);
  PingTask(const PingTask&) = delete;
  PingTask& operator=(const PingTask&) = delete;
  ~PingTask() override;

  std::optional<Reply> step(TimePoint now) override;
  void wishes(std::vector<pollfd>& out) const override;
  TimePoint wakeAt() const override;

 private:
  struct Request {
    std::uint16_t sequence;
    EchoPayload payload;
    TimePoint sentAt;
  };
  void take(const ArrivedAnswer& arrived);
  void expire(TimePoint now);
  void send(TimePoint now);
  bool wantsMore() const;
  bool finished(TimePoint now) const;

  PingJob job_;
  std::shared_ptr<IcmpChannel> channel_;
  std::deque<ArrivedAnswer> inbox_;
  std::deque<Request> open_;  // oldest first
  std::uint16_t id_;
  std::uint16_t sequence_;
  TimePoint deadline_;
  TimePoint nextSend_;
  PingReply reply_;
  double rttSum_ = 0;
};

}  // namespace vpclab::check
