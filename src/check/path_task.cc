#include "check/path_task.h"

#include <algorithm>
#include <cstring>

#include "check/random.h"

namespace vpclab::check {

namespace {

constexpr unsigned kTries = 3;

}  // namespace

PathTask::PathTask(PathJob job, std::shared_ptr<IcmpChannel> channel)
    : job_(job),
      channel_(std::move(channel)),
      asked_(job_.maxHops),
      end_(job_.maxHops),
      id_(channel_->attach(&inbox_)),
      sequence_(randomNumber<std::uint16_t>()) {}

PathTask::~PathTask() {
  channel_->detach(id_);
}

void PathTask::take(const ArrivedAnswer& arrived) {
  const IcmpAnswer& answer = arrived.answer;
  const auto found = open_.find(answer.sequence);
  if (found == open_.end() || answer.target != job_.target) {
    return;
  }
  const Request request = found->second;
  const std::size_t comparable = std::min(answer.payload.size(), kEchoPayloadBytes);
  const bool same = std::equal(answer.payload.begin(), answer.payload.begin() + static_cast<std::ptrdiff_t>(comparable),
                               request.payload.begin());
  if (!same || (answer.reply && answer.payload.size() != kEchoPayloadBytes) || asked_[request.hop].settled) {
    return;
  }
  Asked& asked = asked_[request.hop];
  asked.settled = true;
  asked.hop = {answer.from, millisecondsBetween(request.sentAt, arrived.at), answer.reply};
  // Whoever answers with anything but "time exceeded" ends the path; the nearest one counts.
  if (!isTimeExceeded(answer) && request.hop < end_) {
    end_ = request.hop + 1;
    reached_ = answer.reply;
    detail_ = answer.reply ? "" : describe(answer);
  }
}

void PathTask::ask(std::size_t hop, TimePoint now) {
  Asked& asked = asked_[hop];
  Request request{hop, {}, now};
  fillRandom(request.payload.data(), request.payload.size());
  const std::uint16_t sequence = sequence_++;
  const auto packet = makeEchoRequest(id_, sequence, request.payload);
  request.sentAt = base::Clock::now();
  const int error = channel_->send(job_.target, static_cast<int>(hop + 1), packet);
  ++asked.tries;
  asked.nextTry = now + job_.timeout;
  if (error == 0) {
    open_.emplace(sequence, request);
  } else {
    detail_ = std::string("sendto: ") + ::strerror(error);
  }
}

std::optional<Reply> PathTask::step(TimePoint now) {
  channel_->receive();
  while (!inbox_.empty()) {
    take(inbox_.front());
    inbox_.pop_front();
  }
  bool waiting = false;
  for (std::size_t hop = 0; hop < end_; ++hop) {
    Asked& asked = asked_[hop];
    if (!asked.settled && asked.nextTry <= now) {
      if (asked.tries == kTries) {
        asked.settled = true;
      } else {
        ask(hop, now);
      }
    }
    waiting = waiting || !asked.settled;
  }
  if (waiting) {
    return std::nullopt;
  }
  return reply();
}

Reply PathTask::reply() const {
  PathReply out;
  out.reached = reached_;
  out.detail = detail_;
  for (std::size_t hop = 0; hop < end_; ++hop) {
    out.hops.push_back(asked_[hop].hop);
  }
  if (!reached_) {
    while (!out.hops.empty() && !out.hops.back().address) {
      out.hops.pop_back();
    }
    if (out.detail.empty()) {
      out.detail =
          out.hops.empty() ? "no answer from any hop" : "no answer from behind " + out.hops.back().address->toString();
    }
  }
  return out;
}

void PathTask::wishes(std::vector<pollfd>& out) const {
  out.push_back({channel_->fd(), POLLIN, 0});
}

TimePoint PathTask::wakeAt() const {
  if (!inbox_.empty()) {
    return TimePoint::min();  // another task has read the socket for us
  }
  TimePoint when = TimePoint::max();
  for (std::size_t hop = 0; hop < end_; ++hop) {
    if (!asked_[hop].settled) {
      when = std::min(when, asked_[hop].nextTry);
    }
  }
  return when;
}

}  // namespace vpclab::check
