#include "check/http_task.h"

#include <algorithm>

namespace vpclab::check {

HttpTask::HttpTask(HttpJob job, std::vector<base::UniqueFd> sockets, TimePoint now)
    : job_(std::move(job)), sockets_(std::move(sockets)), lastMoment_(now + job_.deadline) {
  reply_.answers.resize(job_.times);
}

void HttpTask::start(TimePoint now) {
  while (started_ < sockets_.size() && (job_.parallel || fetches_.empty())) {
    const auto first = static_cast<std::uint32_t>(started_);
    fetches_.emplace_back(job_, std::move(sockets_[started_]), first, job_.keepAlive ? job_.times : 1, now,
                          lastMoment_);
    ++started_;
  }
}

void HttpTask::collect(HttpFetch& fetch) {
  auto [number, results] = fetch.takeResults();
  for (Fetched& fetched : results) {
    HttpReply& answer = reply_.answers[number++];
    answer = std::move(fetched.reply);
    ++finished_;
    if (answer.status == 0) {
      continue;
    }
    const auto known = std::find(reply_.bodies.begin(), reply_.bodies.end(), fetched.body);
    if (known == reply_.bodies.end() && bodiesBytes_ + fetched.body.size() > kMaxBodiesBytes) {
      answer.error = "more than " + std::to_string(kMaxBodiesBytes) + " bytes of different bodies";
      continue;
    }
    answer.body = static_cast<std::size_t>(known - reply_.bodies.begin());
    if (known == reply_.bodies.end()) {
      bodiesBytes_ += fetched.body.size();
      reply_.bodies.push_back(std::move(fetched.body));
    }
  }
}

std::optional<Reply> HttpTask::step(TimePoint now) {
  bool progress = true;
  while (progress) {
    start(now);
    progress = false;
    for (auto fetch = fetches_.begin(); fetch != fetches_.end();) {
      const bool done = fetch->step(now);
      collect(*fetch);  // at once: many answers bring the same body
      if (done) {
        fetch = fetches_.erase(fetch);
        progress = true;
      } else {
        ++fetch;
      }
    }
    now = base::Clock::now();
  }
  if (finished_ == job_.times) {
    return std::move(reply_);
  }
  return std::nullopt;
}

void HttpTask::wishes(std::vector<pollfd>& out) const {
  for (const HttpFetch& fetch : fetches_) {
    fetch.wishes(out);
  }
}

TimePoint HttpTask::wakeAt() const {
  TimePoint when = TimePoint::max();
  for (const HttpFetch& fetch : fetches_) {
    when = std::min(when, fetch.deadline());
  }
  return when;
}

}  // namespace vpclab::check
