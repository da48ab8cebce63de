#include "worker/page_site.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "worker/page_connection.h"

namespace vpclab::worker {

namespace {

constexpr std::size_t kLogEntries = 256;
constexpr std::size_t kMaxConnections = 4096;  // a site
constexpr int kAcceptsPerRound = 64;
constexpr base::Milliseconds kAcceptPause{100};

std::uint64_t cookieOf(int socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  ::getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size);
  return cookie;
}

}  // namespace

PageSiteRuntime::PageSiteRuntime(lb::EventLoop& loop, std::shared_ptr<lb::BufferPool> pool)
    : loop_(loop), pool_(std::move(pool)), resume_(loop, [this] {
        if (socket_ && !loop_.add(socket_.get(), EPOLLIN, this)) {
          resume_.startIn(kAcceptPause);
        }
      }) {}

PageSiteRuntime::~PageSiteRuntime() {
  if (socket_) {
    loop_.remove(socket_.get());
  }
}

base::Result<> PageSiteRuntime::configure(const state::PageSite& site, base::UniqueFd socket) {
  if (!socket_ || cookieOf(socket_.get()) != cookieOf(socket.get())) {
    ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
    if (auto added = loop_.add(socket.get(), EPOLLIN, this); !added) {
      return base::fail(std::move(added.error()).context("watch the socket of the page of " + site.node));
    }
    if (socket_) {
      resume_.stop();
      acceptAll();  // what waits at the old socket would be reset with it
      loop_.remove(socket_.get());
      resume_.stop();  // the new socket is watched already
    }
    socket_ = std::move(socket);
  }
  if (!site_ || *site_ != site) {
    site_ = std::make_shared<const state::PageSite>(site);
  }
  return {};
}

void PageSiteRuntime::retire() {
  acceptAll();
  retired_ = true;
  resume_.stop();
  if (socket_) {
    loop_.remove(socket_.get());
    socket_.reset();
  }
  std::vector<std::shared_ptr<PageConnection>> connections;
  for (const auto& entry : connections_) {
    connections.push_back(entry.second);
  }
  for (const auto& connection : connections) {
    connection->closeIfIdle();
  }
}

void PageSiteRuntime::record(AccessEntry entry) {
  entry.seq = ++requests_;
  log_.push_back(std::move(entry));
  if (log_.size() > kLogEntries) {
    log_.pop_front();
  }
}

void PageSiteRuntime::connectionEnded(PageConnection* connection) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) {
    loop_.dispose(std::move(found->second));
    connections_.erase(found);
  }
}

void PageSiteRuntime::onEvents(std::uint32_t /*events*/) {
  acceptAll();
}

void PageSiteRuntime::acceptAll() {
  for (int i = 0; i < kAcceptsPerRound && socket_ && !resume_.running(); ++i) {
    base::UniqueFd accepted(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        loop_.remove(socket_.get());
        resume_.startIn(kAcceptPause);
        return;
      }
      continue;
    }
    if (connections_.size() >= kMaxConnections) {
      continue;
    }
    auto connection = std::make_shared<PageConnection>(loop_, shared_from_this());
    connections_.emplace(connection.get(), connection);
    connection->start(std::move(accepted));
  }
}

}  // namespace vpclab::worker
