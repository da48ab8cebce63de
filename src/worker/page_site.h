#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "lb/buffer.h"
#include "lb/event_loop.h"
#include "state/process.h"
#include "worker/page_server.h"

namespace vpclab::worker {

class PageConnection;

// One page and its listening socket. Connections share it, so that it outlives its removal until they are done.
class PageSiteRuntime : public lb::EventHandler, public std::enable_shared_from_this<PageSiteRuntime> {
 public:
  PageSiteRuntime(lb::EventLoop& loop, std::shared_ptr<lb::BufferPool> pool);
  ~PageSiteRuntime() override;

  base::Result<> configure(const state::PageSite& site, base::UniqueFd socket);
  void retire();

  const std::shared_ptr<const state::PageSite>& site() const { return site_; }
  const std::shared_ptr<lb::BufferPool>& pool() const { return pool_; }
  bool retired() const { return retired_; }
  std::uint64_t requests() const { return requests_; }
  const std::deque<AccessEntry>& log() const { return log_; }
  void record(AccessEntry entry);
  void connectionEnded(PageConnection* connection);

  void onEvents(std::uint32_t events) override;

 private:
  void acceptAll();

  lb::EventLoop& loop_;
  std::shared_ptr<lb::BufferPool> pool_;
  std::shared_ptr<const state::PageSite> site_;
  base::UniqueFd socket_;
  lb::Timer resume_;
  std::unordered_map<PageConnection*, std::shared_ptr<PageConnection>> connections_;
  std::deque<AccessEntry> log_;
  std::uint64_t requests_ = 0;
  bool retired_ = false;
};

}  // namespace vpclab::worker
