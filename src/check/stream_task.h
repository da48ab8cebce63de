#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/unique_fd.h"
#include "check/task.h"

namespace vpclab::check {

// One TCP connection with both of its ends here: sends as fast as it goes and counts what arrives.
class StreamTask : public Task {
 public:
  StreamTask(StreamJob job, base::UniqueFd client, base::UniqueFd listener, TimePoint now);

  std::optional<Reply> step(TimePoint now) override;
  void wishes(std::vector<pollfd>& out) const override;
  TimePoint wakeAt() const override;

 private:
  // What the client says first, so that nobody else's connection is taken for ours.
  using Token = std::array<std::uint8_t, 16>;

  enum class State { kStart, kConnecting, kMeeting, kFlowing };
  // Each returns false where there is nothing more to do before the next wake-up, or the end.
  bool start();
  bool connected();
  bool meet();
  void flow(TimePoint now);
  std::uint64_t arrived() const;
  bool fail(const std::string& what, int error);

  const base::UniqueFd& sender() const { return job_.back ? accepted_ : client_; }
  const base::UniqueFd& receiver() const { return job_.back ? client_ : accepted_; }

  StreamJob job_;
  base::UniqueFd client_;
  base::UniqueFd listener_;
  base::UniqueFd accepted_;
  Token token_{};
  std::size_t tokenBytes_ = 0;  // of what was accepted, as far as they are right
  std::vector<char> buffer_;
  State state_ = State::kStart;
  TimePoint deadline_;
  std::optional<TimePoint> firstAt_;  // of what arrived
  std::optional<TimePoint> warmAt_;   // when counting began
  std::uint64_t received_ = 0;        // read
  std::uint64_t arrivedWarm_ = 0;     // before counting began
  StreamReply reply_;
  bool done_ = false;
};

}  // namespace vpclab::check
