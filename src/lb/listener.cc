#include "lb/listener.h"

#include <algorithm>

#include "lb/session.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kMinBlockBytes = 32 * 1024;
constexpr std::size_t kRewriteBytes = 4 * 1024;  // what rewriting may add to a head
constexpr std::size_t kMaxFlips = 32;            // remembered
constexpr std::size_t kMaxSessions = 20'000;     // a listener
constexpr base::Milliseconds kMinDeferredIdle{10'000};

// Whether clients are taken with their first bytes: they need no wait for them then, which is a fifth of what a
// connection for one request costs. Not where the server may be the one who speaks first, nor where it would show that
// one who says nothing comes a second late: by a limit that it counts against, or by a timeout so short.
bool defers(const state::Listener& config) {
  return config.protocol == state::ListenerProtocol::kHttp && config.maxConnections == 0 &&
         config.idleTimeout >= kMinDeferredIdle;
}

}  // namespace

Listener::Listener(EventLoop& loop, LogSink& log, std::shared_ptr<BalancerShared> shared)
    : loop_(loop),
      log_(log),
      shared_(std::move(shared)),
      acceptor_(loop, [this](base::UniqueFd client, const Endpoint& peer) { serve(std::move(client), peer); }) {}

Listener::~Listener() = default;

base::Result<> Listener::configure(const state::Listener& config, base::UniqueFd socket) {
  if (auto taken = acceptor_.take(std::move(socket)); !taken) {
    return taken;
  }
  if (config_ && *config_ == config) {
    return {};
  }
  const std::size_t block = std::max(kMinBlockBytes, config.maxHeaderBytes + kRewriteBytes);
  if (!buffers_ || buffers_->blockBytes() != block) {
    buffers_ = std::make_shared<BufferPool>(block);
  }
  setPools(config);
  config_ = std::make_shared<const state::Listener>(config);
  acceptor_.setDeferring(defers(config));
  acceptor_.setPaused(sessions_.size() >= limit());
  return {};
}

void Listener::setPools(const state::Listener& config) {
  std::vector<std::shared_ptr<Pool>> pools;
  const auto add = [&](const std::string& name, const std::string& shown, state::Balance balance,
                       const std::vector<state::Backend>& backends) {
    const auto old = std::find_if(pools_.begin(), pools_.end(),
                                  [&](const auto& one) { return one != nullptr && one->name() == name; });
    if (old != pools_.end()) {
      pools.push_back(std::move(*old));
    } else {
      pools.push_back(std::make_shared<Pool>(
          loop_, name, [this](const Pool& pool, const Backend& backend) { told(pool, backend); }));
    }
    pools.back()->configure(shown, balance, backends, config.healthCheck);
  };
  add("", config.name, config.balance, config.backends);
  for (const auto& pool : config.pools) {
    add(pool.name, pool.name, pool.balance, pool.backends);
  }
  for (const auto& pool : pools_) {
    if (pool) {
      pool->retire();
    }
  }
  pools_ = std::move(pools);
}

const std::shared_ptr<Pool>& Listener::pool(const std::string& name) const {
  const auto found = std::find_if(pools_.begin(), pools_.end(), [&](const auto& pool) { return pool->name() == name; });
  return found == pools_.end() ? pools_.front() : *found;
}

void Listener::retire() {
  retired_ = true;
  acceptor_.close();
  for (const auto& pool : pools_) {
    pool->retire();
  }
  for (const auto& session : sessions()) {
    session->closeIfIdle();
  }
}

void Listener::drain() {
  draining_ = true;
  acceptor_.close();
  for (const auto& session : sessions()) {
    session->drain();
  }
}

std::vector<std::shared_ptr<Session>> Listener::sessions() const {
  std::vector<std::shared_ptr<Session>> out;
  for (const auto& entry : sessions_) {
    out.push_back(entry.second);
  }
  return out;
}

void Listener::lookAnew() {
  for (const auto& pool : pools_) {
    pool->lookAnew();
  }
  for (const auto& session : sessions()) {
    session->routesChanged();
  }
}

base::Milliseconds Listener::deferral() const {
  return defers(*config_) ? Acceptor::kDeferral : base::Milliseconds(0);
}

std::size_t Listener::limit() const {
  return config_->maxConnections == 0 ? kMaxSessions : std::min<std::size_t>(config_->maxConnections, kMaxSessions);
}

void Listener::sessionEnded(Session* session) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) {
    loop_.dispose(std::move(found->second));
    sessions_.erase(found);
    --shared_->sessions;
  }
  if (!retired_ && sessions_.size() < limit()) {
    acceptor_.setPaused(false);
  }
}

void Listener::serve(base::UniqueFd client, const Endpoint& peer) {
  ++counters.connections;
  ++shared_->sessions;
  auto session = std::make_shared<Session>(loop_, shared_from_this());
  sessions_.emplace(session.get(), session);
  acceptor_.setPaused(sessions_.size() >= limit());
  session->start(std::move(client), peer);
}

void Listener::told(const Pool& pool, const Backend& backend) {
  const bool up = backend.health.health() == Health::kUp;
  log_.line("Server " + pool.shownName() + "/" + backend.config().name + " is " + (up ? "UP" : "DOWN") +
            ", reason: " + backend.reason);
  flips_.push_back({backend.sinceMs, pool.name(), backend.config().name, up, backend.reason});
  if (flips_.size() > kMaxFlips) {
    flips_.pop_front();
  }
}

}  // namespace vpclab::lb
