#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <netinet/in.h>

#include "base/unique_fd.h"
#include "check/task.h"

namespace vpclab::check {

// Numbered UDP packets between two sockets that are both here: so many there, then so many back.
class CountTask : public Task {
 public:
  CountTask(CountJob job, base::UniqueFd client, base::UniqueFd server, TimePoint now);

  std::optional<Reply> step(TimePoint now) override;
  void wishes(std::vector<pollfd>& out) const override;
  TimePoint wakeAt() const override;

 private:
  // kHello: until one packet has come through, which finds the neighbours, makes tunnels shake hands, and tells the
  // server where to answer; none of them counts.
  enum class Phase : std::uint8_t { kHello, kThere, kBack };
  struct Datagram;

  bool prepare();
  void send(TimePoint now);
  void receive(TimePoint now);
  void take(const Datagram& datagram, const sockaddr_in& from, bool atServer, TimePoint now);
  void turn(TimePoint now);
  void end(const std::string& detail);
  Counted& counted() { return phase_ == Phase::kBack ? reply_.back : reply_.there; }
  bool allSent() const;

  CountJob job_;
  base::UniqueFd client_;
  base::UniqueFd server_;
  std::array<std::uint8_t, 16> token_{};
  sockaddr_in target_{};      // the server, as the client sees it
  sockaddr_in returnPath_{};  // the client, as the server sees it
  Phase phase_ = Phase::kHello;
  std::vector<bool> seen_;  // numbers that arrived
  TimePoint deadline_;
  TimePoint nextSend_;
  TimePoint firstHello_;
  TimePoint lastSent_;
  base::Milliseconds patience_;  // for stragglers
  CountReply reply_;
  bool prepared_ = false;
  bool done_ = false;
};

}  // namespace vpclab::check
