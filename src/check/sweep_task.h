#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "check/icmp_channel.h"

namespace vpclab::check {

// Echo requests to many targets, a window of them in flight, each with its own timeout.
class SweepTask : public Task {
 public:
  SweepTask(SweepJob job, std::shared_ptr<IcmpChannel> channel, TimePoint now);
  SweepTask(const SweepTask&) = delete;
  SweepTask& operator=(const SweepTask&) = delete;
  ~SweepTask() override;

  std::optional<Reply> step(TimePoint now) override;
  void wishes(std::vector<pollfd>& out) const override;
  TimePoint wakeAt() const override;

 private:
  struct Request {
    std::size_t target = 0;
    EchoPayload payload{};
    TimePoint sentAt;
    bool open = true;
  };
  struct Again {
    std::size_t target = 0;
    TimePoint when;
  };
  void take(const ArrivedAnswer& arrived);
  void expire(TimePoint now);
  void send(std::size_t target, TimePoint now);
  // The target did not answer a request.
  void missed(std::size_t target, PingResult result, std::string detail, TimePoint now);
  void close(Request& request);
  bool mayAsk(TimePoint now) const;
  SweepReply reply() const;

  SweepJob job_;
  std::shared_ptr<IcmpChannel> channel_;
  std::deque<ArrivedAnswer> inbox_;
  // In the order of their sequence numbers, which have no gaps; the first one is open.
  std::deque<Request> requests_;
  std::uint16_t firstSequence_;  // of requests_.front()
  std::size_t inFlight_ = 0;
  std::size_t next_ = 0;               // the first target that was not asked yet
  std::deque<Again> again_;            // what is asked another time
  std::vector<std::uint32_t> misses_;  // requests to each target that were not answered
  std::vector<PingResult> results_;
  std::vector<std::string> details_;
  std::uint16_t id_;
  TimePoint deadline_;
};

}  // namespace vpclab::check
