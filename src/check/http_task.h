#pragma once

#include <deque>
#include <list>
#include <vector>

#include "check/http_fetch.h"

namespace vpclab::check {

// The requests of one HTTP job, over as many connections as it asks for.
class HttpTask : public Task {
 public:
  // One socket per connection, in the job's order.
  HttpTask(HttpJob job, std::vector<base::UniqueFd> sockets, TimePoint now);
  HttpTask(const HttpTask&) = delete;
  HttpTask& operator=(const HttpTask&) = delete;

  std::optional<Reply> step(TimePoint now) override;
  void wishes(std::vector<pollfd>& out) const override;
  TimePoint wakeAt() const override;

 private:
  void start(TimePoint now);
  void collect(HttpFetch& fetch);

  HttpJob job_;
  std::vector<base::UniqueFd> sockets_;
  TimePoint lastMoment_;
  std::size_t started_ = 0;       // connections
  std::list<HttpFetch> fetches_;  // in progress
  HttpReplies reply_;
  std::size_t bodiesBytes_ = 0;
  std::size_t finished_ = 0;  // requests
};

}  // namespace vpclab::check
