#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "daemon/session.h"

namespace vpclab::daemon {

// Watches the session while something long runs in the calling thread, which hears of the client's wish to stop by the
// token.
class StopWatch {
 public:
  explicit StopWatch(Session& session)
      : thread_([this, &session](const std::stop_token& ended) {
          std::unique_lock lock(mutex_);
          while (!wake_.wait_for(lock, ended, kLag, [&] { return ended.stop_requested(); })) {
            if (session.stopped()) {
              stop_.request_stop();
              return;
            }
          }
        }) {}
  std::stop_token token() const { return stop_.get_token(); }

 private:
  static constexpr std::chrono::milliseconds kLag{100};

  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace vpclab::daemon
