#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lb/acceptor.h"
#include "lb/buffer.h"
#include "state/process.h"
#include "worker/page_server.h"

namespace vpclab::worker {

class PageConnection;

// One page and its listening socket. Connections share it, so that it outlives its removal until they are done.
class PageSiteRuntime : public std::enable_shared_from_this<PageSiteRuntime> {
 public:
  PageSiteRuntime(lb::EventLoop& loop, std::shared_ptr<lb::BufferPool> pool);
  ~PageSiteRuntime();
  PageSiteRuntime(const PageSiteRuntime&) = delete;
  PageSiteRuntime& operator=(const PageSiteRuntime&) = delete;

  base::Result<> configure(const state::PageSite& site, base::UniqueFd socket);
  void retire();
  // Another process has taken this one's place: accepts no more, and each connection ends with its next answer, which
  // says so, or when none is asked for.
  void drain();

  const std::shared_ptr<const state::PageSite>& site() const { return site_; }
  const std::shared_ptr<lb::BufferPool>& pool() const { return pool_; }
  bool retired() const { return retired_; }
  std::size_t open() const { return connections_.size(); }
  std::uint64_t requests() const { return requests_; }
  const std::deque<AccessEntry>& log() const { return log_; }
  const std::deque<std::string>& requestIds() const { return requestIds_; }  // the last ones, where requests had any
  void record(AccessEntry entry);
  void connectionEnded(PageConnection* connection);

 private:
  void remember(const std::string& requestId);
  void serve(base::UniqueFd client, const lb::Endpoint& peer);
  std::vector<std::shared_ptr<PageConnection>> connections() const;  // for what may end some of them

  lb::EventLoop& loop_;
  std::shared_ptr<lb::BufferPool> pool_;
  std::shared_ptr<const state::PageSite> site_;
  lb::Acceptor acceptor_;
  std::unordered_map<PageConnection*, std::shared_ptr<PageConnection>> connections_;
  std::deque<AccessEntry> log_;
  std::deque<std::string> requestIds_;
  std::size_t requestIdsBytes_ = 0;
  std::uint64_t requests_ = 0;
  bool retired_ = false;
};

}  // namespace vpclab::worker
