#include "check/ping_task.h"

#include <algorithm>

#include "check/random.h"

namespace vpclab::check {

PingTask::PingTask(PingJob job, std::shared_ptr<IcmpChannel> channel, TimePoint now)
    : job_(job),
      channel_(std::move(channel)),
      id_(channel_->attach(&inbox_)),
      sequence_(randomNumber<std::uint16_t>()),
      deadline_(now + job_.deadline),
      nextSend_(now) {}

PingTask::~PingTask() {
  channel_->detach(id_);
}

void PingTask::take(const ArrivedAnswer& arrived) {
  const IcmpAnswer& answer = arrived.answer;
  const auto request =
      std::find_if(open_.begin(), open_.end(), [&](const Request& r) { return r.sequence == answer.sequence; });
  if (request == open_.end() || answer.target != job_.target) {
    return;
  }
  const std::size_t comparable = std::min(answer.payload.size(), kEchoPayloadBytes);
  const bool same = std::equal(answer.payload.begin(), answer.payload.begin() + static_cast<std::ptrdiff_t>(comparable),
                               request->payload.begin());
  if (!same || (answer.reply && answer.payload.size() != kEchoPayloadBytes)) {
    return;
  }
  if (answer.reply) {
    const double rtt = millisecondsBetween(request->sentAt, arrived.at);
    reply_.rttMinMs = reply_.answered == 0 ? rtt : std::min(reply_.rttMinMs, rtt);
    reply_.rttMaxMs = std::max(reply_.rttMaxMs, rtt);
    ++reply_.answered;
    rttSum_ += rtt;
    reply_.rttMs = rtt;
    reply_.rttAvgMs = rttSum_ / reply_.answered;
    reply_.last = PingResult::kAnswered;
    reply_.detail.clear();
    if (job_.untilAnswered) {
      nextSend_ = arrived.at;
    }
  } else {
    reply_.last = isUnreachable(answer) ? PingResult::kUnreachable : PingResult::kTimeout;
    reply_.unreachable += isUnreachable(answer) ? 1U : 0U;
    reply_.detail = describe(answer);
  }
  open_.erase(request);
}

void PingTask::expire(TimePoint now) {
  while (!open_.empty() && open_.front().sentAt + job_.timeout <= now) {
    open_.pop_front();
    reply_.last = PingResult::kTimeout;
    reply_.detail = "no answer within " + std::to_string(job_.timeout.count()) + " ms";
  }
}

void PingTask::send(TimePoint now) {
  Request request{sequence_++, {}, now};
  fillRandom(request.payload.data(), request.payload.size());
  const auto packet = makeEchoRequest(id_, request.sequence, request.payload);
  request.sentAt = base::Clock::now();
  const int error = channel_->send(job_.target, 0, packet);
  ++reply_.sent;
  nextSend_ = now + job_.interval;
  if (error == 0) {
    open_.push_back(request);
    return;
  }
  reply_.last = resultOfRefusal(error);
  reply_.unreachable += reply_.last == PingResult::kUnreachable ? 1U : 0U;
  reply_.detail = describeRefusal(error);
}

bool PingTask::wantsMore() const {
  return reply_.sent < kMaxPings && (job_.untilAnswered ? reply_.answered : reply_.sent) < job_.count;
}

bool PingTask::finished(TimePoint now) const {
  return now >= deadline_ || (job_.endOnUnreachable && reply_.unreachable > 0) ||
         (!wantsMore() && (open_.empty() || (job_.untilAnswered && reply_.answered >= job_.count)));
}

std::optional<Reply> PingTask::step(TimePoint now) {
  channel_->receive();
  while (!inbox_.empty()) {
    take(inbox_.front());
    inbox_.pop_front();
  }
  expire(now);
  if (!finished(now) && wantsMore() && nextSend_ <= now) {
    send(now);
  }
  if (finished(now)) {
    return reply_;
  }
  return std::nullopt;
}

void PingTask::wishes(std::vector<pollfd>& out) const {
  out.push_back({channel_->fd(), POLLIN, 0});
}

TimePoint PingTask::wakeAt() const {
  TimePoint when = deadline_;
  if (!inbox_.empty()) {
    return TimePoint::min();  // another task has read the socket for us
  }
  if (!open_.empty()) {
    when = std::min(when, open_.front().sentAt + job_.timeout);
  }
  return wantsMore() ? std::min(when, nextSend_) : when;
}

}  // namespace vpclab::check
