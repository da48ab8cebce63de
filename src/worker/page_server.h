#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "lb/event_loop.h"
#include "state/process.h"

namespace vpclab::worker {

// One request as a page's access log keeps it. Texts are as sent, cut to 256 bytes.
struct AccessEntry {
  std::uint64_t seq = 0;  // counts from 1 for each site
  std::int64_t unixMs = 0;
  std::string client;
  std::string method;
  std::string target;
  int status = 0;
  std::uint64_t bytes = 0;  // of the body
  std::string requestId;    // X-Request-Id
  std::string userAgent;
  std::string forwardedFor;
};

class PageSiteRuntime;

// Serves every page of a lab's servers, each on a socket that was opened in its server's namespace.
class PageServer {
 public:
  explicit PageServer(lb::EventLoop& loop);
  ~PageServer();

  // `sockets` in the order of the sites. What does not change is not touched; a site is told by its listen address.
  base::Result<> configure(const state::PageServer& config, std::vector<base::UniqueFd> sockets);
  // Another process serves the same sockets from now on: no more is accepted, answers are finished.
  void drain();
  std::size_t open() const;  // connections
  const std::map<state::ListenAddress, std::shared_ptr<PageSiteRuntime>>& sites() const { return sites_; }

 private:
  lb::EventLoop& loop_;
  std::map<state::ListenAddress, std::shared_ptr<PageSiteRuntime>> sites_;
};

}  // namespace vpclab::worker
