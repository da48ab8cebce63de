#include "worker/page_server.h"

#include <set>

#include "http/chars.h"
#include "worker/page_site.h"

namespace vpclab::worker {

namespace {

constexpr std::size_t kBlockBytes = 20 * 1024;  // a head of http::Limits' 16 KiB, and a bit

}  // namespace

PageServer::PageServer(lb::EventLoop& loop) : loop_(loop) {}
PageServer::~PageServer() = default;

base::Result<> PageServer::configure(const state::PageServer& config, std::vector<base::UniqueFd> sockets) {
  if (sockets.size() != config.sites.size()) {
    return base::fail(base::ErrorKind::kInvalid, "configure: " + std::to_string(config.sites.size()) + " pages and " +
                                                     std::to_string(sockets.size()) + " sockets");
  }
  std::set<state::ListenAddress> seen;
  for (const auto& site : config.sites) {
    if (!seen.insert(site.listen).second || !http::allOf(site.contentType, http::kFieldValue)) {
      return base::fail(base::ErrorKind::kInvalid,
                        "configure the page of " + site.node + ": its address is used twice, or its type is bad");
    }
  }
  const auto pool = std::make_shared<lb::BufferPool>(kBlockBytes);
  std::map<state::ListenAddress, std::shared_ptr<PageSiteRuntime>> next;
  for (std::size_t i = 0; i < config.sites.size(); ++i) {
    const auto& wanted = config.sites[i];
    const auto old = sites_.find(wanted.listen);
    auto site = old != sites_.end() ? old->second : std::make_shared<PageSiteRuntime>(loop_, pool);
    if (auto done = site->configure(wanted, std::move(sockets[i])); !done) {
      return done;
    }
    next.emplace(wanted.listen, std::move(site));
  }
  for (const auto& [address, site] : sites_) {
    if (next.count(address) == 0) {
      site->retire();
      loop_.dispose(site);
    }
  }
  sites_ = std::move(next);
  return {};
}

void PageServer::drain() {
  for (const auto& entry : sites_) {
    entry.second->drain();
  }
}

std::size_t PageServer::open() const {
  std::size_t out = 0;
  for (const auto& entry : sites_) {
    out += entry.second->open();
  }
  return out;
}

}  // namespace vpclab::worker
