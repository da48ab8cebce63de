#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

// A small HTTP server on a listener that is open already, with no code of ours: answers each request on a connection
// with what `respond` makes of the request's number and head. Keeps the X-Request-Ids that it saw.
class Web {
 public:
  using Respond = std::function<std::string(unsigned number, const std::string& head)>;
  // With `closes` each connection takes one request only.
  Web(vpclab::base::UniqueFd listener, std::uint16_t port, Respond respond, bool closes = false);
  Web(const Web&) = delete;
  Web& operator=(const Web&) = delete;
  ~Web();

  std::vector<std::string> ids() const;
  unsigned connections() const { return connections_; }

 private:
  void serve();
  void serveConnection(int fd);

  vpclab::base::UniqueFd listener_;
  Respond respond_;
  bool closes_;
  std::atomic<bool> stop_{false};
  std::atomic<unsigned> connections_{0};
  mutable std::mutex mutex_;
  unsigned number_ = 0;
  std::vector<std::string> ids_;
  std::thread thread_;
};

// A complete response with Content-Length.
std::string response(const std::string& body, const std::string& status = "200 OK");
