#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "check/task.h"
#include "http/chunk_decoder.h"
#include "http/framing.h"
#include "http/head.h"

namespace vpclab::check {

// What one request brought, with its body.
struct Fetched {
  HttpReply reply;
  std::string body;
};

// GET requests over one connection, one after the other. Responses are read strictly; whatever is wrong ends the
// connection, and the requests left on it fail.
class HttpFetch {
 public:
  // `first` is the number of the first request, `count` how many there are on this connection; `lastMoment` ends them
  // all, whatever a single one may still take.
  HttpFetch(const HttpJob& job, base::UniqueFd socket, std::uint32_t first, std::uint32_t count, TimePoint now,
            TimePoint lastMoment);

  // Does what can be done without waiting. True once all requests have a result.
  bool step(TimePoint now);
  // What has come since the last call, and the number of the first request of these.
  std::pair<std::uint32_t, std::vector<Fetched>> takeResults();
  void wishes(std::vector<pollfd>& out) const;
  TimePoint deadline() const { return deadline_; }

 private:
  enum class State : std::uint8_t { kStart, kConnecting, kSending, kHead, kBody, kDone };

  void advance(TimePoint now);
  bool connectStep(TimePoint now);
  bool sendStep(TimePoint now);
  bool receiveStep(TimePoint now);
  void startRequest(TimePoint now);
  void parse(TimePoint now, bool closed);
  bool takeHead();
  bool takeBody(bool closed);
  void finishRequest(TimePoint now);
  void failRequest(std::string why, TimePoint now);

  const HttpJob& job_;  // the task's, which owns this
  base::UniqueFd socket_;
  std::uint32_t first_;
  std::uint32_t count_;
  State state_ = State::kStart;
  TimePoint startedAt_;
  TimePoint lastMoment_;  // of the whole job
  TimePoint deadline_;
  bool connected_ = false;
  bool mustClose_ = false;  // the server will not take another request on this connection
  std::string request_;
  std::size_t sent_ = 0;
  std::string buffer_;  // what has arrived and is not consumed
  http::HeadParser parser_;
  http::ResponseHead head_;
  int status_ = 0;
  int interimHeads_ = 0;  // of this request
  http::Framing framing_;
  http::ChunkDecoder chunks_;
  std::string body_;
  std::uint32_t finished_ = 0;    // requests
  std::vector<Fetched> results_;  // of the last ones of them, until they are taken
};

}  // namespace vpclab::check
