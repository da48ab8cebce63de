#include "worker/page_site.h"

#include "worker/page_connection.h"

namespace vpclab::worker {

namespace {

constexpr std::size_t kLogEntries = 256;
// Checks find their requests by their ids, and several may ask 1,000 times at once, while others ask as well.
constexpr std::size_t kRequestIdsBytes = 1U << 20U;
constexpr std::size_t kMaxConnections = 4096;  // a site

}  // namespace

PageSiteRuntime::PageSiteRuntime(lb::EventLoop& loop, std::shared_ptr<lb::BufferPool> pool)
    : loop_(loop),
      pool_(std::move(pool)),
      acceptor_(loop, [this](base::UniqueFd client, const lb::Endpoint& peer) { serve(std::move(client), peer); }) {}

PageSiteRuntime::~PageSiteRuntime() = default;

base::Result<> PageSiteRuntime::configure(const state::PageSite& site, base::UniqueFd socket) {
  if (auto taken = acceptor_.take(std::move(socket)); !taken) {
    return base::fail(std::move(taken.error()).context("the page of " + site.node));
  }
  if (!site_ || *site_ != site) {
    site_ = std::make_shared<const state::PageSite>(site);
  }
  return {};
}

void PageSiteRuntime::retire() {
  acceptor_.close();
  retired_ = true;
  for (const auto& connection : connections()) {
    connection->closeIfIdle();
  }
}

void PageSiteRuntime::drain() {
  acceptor_.close();
  retired_ = true;
  for (const auto& connection : connections()) {
    connection->drain();
  }
}

std::vector<std::shared_ptr<PageConnection>> PageSiteRuntime::connections() const {
  std::vector<std::shared_ptr<PageConnection>> out;
  for (const auto& entry : connections_) {
    out.push_back(entry.second);
  }
  return out;
}

void PageSiteRuntime::record(AccessEntry entry) {
  entry.seq = ++requests_;
  remember(entry.requestId);
  log_.push_back(std::move(entry));
  if (log_.size() > kLogEntries) {
    log_.pop_front();
  }
}

void PageSiteRuntime::remember(const std::string& requestId) {
  if (requestId.empty()) {
    return;
  }
  const auto bytesOf = [](const std::string& id) { return sizeof(std::string) + id.size(); };
  requestIds_.push_back(requestId);
  requestIdsBytes_ += bytesOf(requestId);
  while (requestIdsBytes_ > kRequestIdsBytes) {
    requestIdsBytes_ -= bytesOf(requestIds_.front());
    requestIds_.pop_front();
  }
}

void PageSiteRuntime::connectionEnded(PageConnection* connection) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) {
    loop_.dispose(std::move(found->second));
    connections_.erase(found);
  }
}

void PageSiteRuntime::serve(base::UniqueFd client, const lb::Endpoint& peer) {
  if (connections_.size() >= kMaxConnections) {
    return;
  }
  auto connection = std::make_shared<PageConnection>(loop_, shared_from_this());
  connections_.emplace(connection.get(), connection);
  connection->start(std::move(client), peer);
}

}  // namespace vpclab::worker
