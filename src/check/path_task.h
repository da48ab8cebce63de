#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "check/icmp_channel.h"

namespace vpclab::check {

// Asks every hop to the target at once, by TTL.
class PathTask : public Task {
 public:
  PathTask(PathJob job, std::shared_ptr<IcmpChannel> channel);
  PathTask(const PathTask&) = delete;
  PathTask& operator=(const PathTask&) = delete;
  ~PathTask() override;

  std::optional<Reply> step(TimePoint now) override;
  void wishes(std::vector<pollfd>& out) const override;
  TimePoint wakeAt() const override;

 private:
  struct Request {
    std::size_t hop;  // TTL - 1
    EchoPayload payload;
    TimePoint sentAt;
  };
  struct Asked {
    unsigned tries = 0;
    TimePoint nextTry;  // or, after the last, when it is given up
    bool settled = false;
    Hop hop;
  };
  void take(const ArrivedAnswer& arrived);
  void ask(std::size_t hop, TimePoint now);
  Reply reply() const;

  PathJob job_;
  std::shared_ptr<IcmpChannel> channel_;
  std::deque<ArrivedAnswer> inbox_;
  std::map<std::uint16_t, Request> open_;  // by sequence number
  std::vector<Asked> asked_;
  std::size_t end_;  // hops from here on do not matter: the path has ended before
  bool reached_ = false;
  std::string detail_;
  std::uint16_t id_;
  std::uint16_t sequence_;
};

}  // namespace vpclab::check
