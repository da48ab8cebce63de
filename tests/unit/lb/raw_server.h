#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "unit/lb/worker_process.h"

namespace vpclab::test {

// A backend that does what a test says: each connection is one call on a thread of its own.
class RawServer {
 public:
  // `index` counts the connections that sent something; a health check's connection does not reach `serve`.
  explicit RawServer(const std::string& address, std::function<void(int fd, int index)> serve);
  ~RawServer();
  const state::ListenAddress& address() const { return socket_.address; }

 private:
  Listening socket_;
  std::function<void(int, int)> serve_;
  std::atomic<bool> stop_{false};
  std::atomic<int> served_{0};
  std::thread acceptor_;
};

// Reads until the text ends with that.
std::string readUntil(int fd, const std::string& end);
// As far as the peer takes it.
void write(int fd, const std::string& text);

}  // namespace vpclab::test
