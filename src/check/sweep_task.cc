#include "check/sweep_task.h"

#include <algorithm>

#include "check/random.h"

namespace vpclab::check {

namespace {

// Before another request: what was lost for a moment's reason is not lost for the same one.
constexpr std::chrono::milliseconds kPause{100};

}  // namespace

SweepTask::SweepTask(SweepJob job, std::shared_ptr<IcmpChannel> channel, TimePoint now)
    : job_(std::move(job)),
      channel_(std::move(channel)),
      firstSequence_(randomNumber<std::uint16_t>()),
      misses_(job_.targets.size()),
      results_(job_.targets.size(), PingResult::kTimeout),
      details_(job_.targets.size(), "was not asked in time"),
      id_(channel_->attach(&inbox_)),
      deadline_(now + job_.deadline) {}

SweepTask::~SweepTask() {
  channel_->detach(id_);
}

void SweepTask::close(Request& request) {
  request.open = false;
  --inFlight_;
  while (!requests_.empty() && !requests_.front().open) {
    requests_.pop_front();
    ++firstSequence_;
  }
}

void SweepTask::missed(std::size_t target, PingResult result, std::string detail, TimePoint now) {
  results_[target] = result;
  details_[target] = std::move(detail);
  if (++misses_[target] < job_.tries) {
    again_.push_back({target, now + kPause});
  }
}

void SweepTask::take(const ArrivedAnswer& arrived) {
  const IcmpAnswer& answer = arrived.answer;
  const auto place = static_cast<std::uint16_t>(answer.sequence - firstSequence_);
  if (place >= requests_.size() || !requests_[place].open) {
    return;
  }
  Request& request = requests_[place];
  const std::size_t target = request.target;
  if (answer.target != job_.targets[target] ||
      !std::equal(
          answer.payload.begin(),
          answer.payload.begin() + static_cast<std::ptrdiff_t>(std::min(answer.payload.size(), kEchoPayloadBytes)),
          request.payload.begin()) ||
      (answer.reply && answer.payload.size() != kEchoPayloadBytes)) {
    return;
  }
  close(request);
  if (answer.reply) {
    results_[target] = PingResult::kAnswered;
    details_[target].clear();
  } else {
    missed(target, isUnreachable(answer) ? PingResult::kUnreachable : PingResult::kTimeout, describe(answer),
           arrived.at);
  }
}

void SweepTask::expire(TimePoint now) {
  while (!requests_.empty() && requests_.front().sentAt + job_.timeout <= now) {
    const std::size_t target = requests_.front().target;
    close(requests_.front());
    missed(target, PingResult::kTimeout, "no answer within " + std::to_string(job_.timeout.count()) + " ms", now);
  }
}

void SweepTask::send(std::size_t target, TimePoint now) {
  Request request;
  request.target = target;
  fillRandom(request.payload.data(), request.payload.size());
  const auto sequence = static_cast<std::uint16_t>(firstSequence_ + requests_.size());
  request.sentAt = base::Clock::now();
  const int error = channel_->send(job_.targets[target], 0, makeEchoRequest(id_, sequence, request.payload));
  if (error != 0) {
    missed(target, resultOfRefusal(error), describeRefusal(error), now);
    return;
  }
  requests_.push_back(request);
  ++inFlight_;
}

// The window is of the sequence numbers too, so that they stay unambiguous.
bool SweepTask::mayAsk(TimePoint now) const {
  return inFlight_ < job_.window && requests_.size() < kMaxSweepTargets &&
         (next_ < job_.targets.size() || (!again_.empty() && again_.front().when <= now));
}

std::optional<Reply> SweepTask::step(TimePoint now) {
  channel_->receive();
  while (!inbox_.empty()) {
    take(inbox_.front());
    inbox_.pop_front();
  }
  expire(now);
  // At most a window at a time, so that a sweep whose requests are all refused leaves the others their turn.
  for (std::uint32_t sent = 0; sent < job_.window && mayAsk(now); ++sent) {
    if (next_ < job_.targets.size()) {
      send(next_++, now);
    } else {
      const std::size_t target = again_.front().target;
      again_.pop_front();
      send(target, now);
    }
  }
  const bool done = inFlight_ == 0 && next_ == job_.targets.size() && again_.empty();
  return done || now >= deadline_ ? std::optional<Reply>(reply()) : std::nullopt;
}

SweepReply SweepTask::reply() const {
  SweepReply out;
  out.results = results_;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (results_[i] == PingResult::kAnswered) {
      continue;
    }
    auto known = std::find(out.details.begin(), out.details.end(), details_[i]);
    if (known == out.details.end() && out.details.size() == kMaxSweepTexts) {
      known = out.details.end() - 1;  // more kinds of failure than anyone reads
    } else if (known == out.details.end()) {
      known = out.details.insert(known, details_[i]);
    }
    out.texts.push_back(static_cast<std::size_t>(known - out.details.begin()));
  }
  return out;
}

void SweepTask::wishes(std::vector<pollfd>& out) const {
  out.push_back({channel_->fd(), POLLIN, 0});
}

TimePoint SweepTask::wakeAt() const {
  if (!inbox_.empty()) {
    return TimePoint::min();  // another task has read the socket for us
  }
  TimePoint when = deadline_;
  if (!requests_.empty()) {
    when = std::min(when, requests_.front().sentAt + job_.timeout);
  }
  if (inFlight_ < job_.window && requests_.size() < kMaxSweepTargets) {
    if (next_ < job_.targets.size()) {
      return TimePoint::min();
    }
    if (!again_.empty()) {
      when = std::min(when, again_.front().when);
    }
  }
  return when;
}

}  // namespace vpclab::check
