#include "lb/listener.h"

#include <algorithm>

#include "lb/session.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kMinBlockBytes = 32 * 1024;
constexpr std::size_t kRewriteBytes = 4 * 1024;  // what rewriting may add to a head
constexpr std::size_t kMaxSessions = 20'000;     // a listener

bool sameBackend(const state::Backend& a, const state::Backend& b) {
  return a.name == b.name && a.address == b.address && a.port == b.port;
}

}  // namespace

Listener::Listener(EventLoop& loop, LogSink& log)
    : loop_(loop), log_(log), acceptor_(loop, [this](base::UniqueFd client) { serve(std::move(client)); }) {}

Listener::~Listener() = default;

base::Result<> Listener::configure(const state::Listener& config, base::UniqueFd socket) {
  if (auto taken = acceptor_.take(std::move(socket)); !taken) {
    return taken;
  }
  if (config_ && *config_ == config) {
    return {};
  }
  const std::size_t block = std::max(kMinBlockBytes, config.maxHeaderBytes + kRewriteBytes);
  if (!pool_ || pool_->blockBytes() != block) {
    pool_ = std::make_shared<BufferPool>(block);
  }
  setBackends(config);
  config_ = std::make_shared<const state::Listener>(config);
  return {};
}

void Listener::setBackends(const state::Listener& config) {
  std::vector<std::shared_ptr<Backend>> backends;
  std::vector<std::unique_ptr<HealthChecker>> checkers;
  std::vector<Candidate> candidates;
  for (const auto& wanted : config.backends) {
    const auto old = std::find_if(backends_.begin(), backends_.end(), [&](const auto& one) {
      return one != nullptr && sameBackend(one->config(), wanted);
    });
    if (old != backends_.end()) {
      const auto index = static_cast<std::size_t>(old - backends_.begin());
      const bool enabledNow = (*old)->config().disabled && !wanted.disabled;
      backends.push_back(std::move(*old));
      checkers.push_back(std::move(checkers_[index]));
      candidates.push_back(candidates_[index]);
      backends.back()->setConfig(wanted);
      checkers.back()->setCheck(config.healthCheck);
      if (enabledNow) {
        checkers.back()->lookAnew();
      }
    } else {
      backends.push_back(std::make_shared<Backend>(loop_, wanted));
      checkers.push_back(std::make_unique<HealthChecker>(loop_, backends.back(), config.healthCheck,
                                                         [this](const Backend& one) { logFlip(one); }));
      candidates.emplace_back();
    }
  }
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    if (backends_[i]) {
      backends_[i]->retire();
      checkers_[i]->stop();
    }
  }
  backends_ = std::move(backends);
  checkers_ = std::move(checkers);
  candidates_ = std::move(candidates);
}

void Listener::retire() {
  retired_ = true;
  acceptor_.close();
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    backends_[i]->retire();
    checkers_[i]->stop();
  }
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& entry : sessions_) {
    sessions.push_back(entry.second);
  }
  for (const auto& session : sessions) {
    session->closeIfIdle();
  }
}

void Listener::lookAnew() {
  for (const auto& checker : checkers_) {
    checker->lookAnew();
  }
}

std::shared_ptr<Backend> Listener::choose(const net::IpAddr& client, std::vector<std::shared_ptr<Backend>>& tried) {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    Candidate& candidate = candidates_[i];
    const state::Backend& config = backends_[i]->config();
    candidate.weight = config.weight;
    candidate.disabled = config.disabled;
    candidate.backup = config.backup;
    candidate.health = backends_[i]->health.health();
    candidate.active = backends_[i]->active;
    candidate.tried = std::find(tried.begin(), tried.end(), backends_[i]) != tried.end();
  }
  const auto index = pick(config_->balance, candidates_, client, turn_);
  if (!index) {
    return nullptr;
  }
  tried.push_back(backends_[*index]);
  return backends_[*index];
}

void Listener::suspect(const Backend& backend) {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    if (backends_[i].get() == &backend) {
      checkers_[i]->checkNow();
    }
  }
}

void Listener::sessionEnded(Session* session) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) {
    loop_.dispose(std::move(found->second));
    sessions_.erase(found);
  }
}

void Listener::serve(base::UniqueFd client) {
  if (sessions_.size() >= kMaxSessions) {
    return;
  }
  ++counters.connections;
  auto session = std::make_shared<Session>(loop_, shared_from_this());
  sessions_.emplace(session.get(), session);
  session->start(std::move(client));
}

void Listener::logFlip(const Backend& backend) {
  const bool up = backend.health.health() == Health::kUp;
  log_.line("Server " + config_->name + "/" + backend.config().name + " is " + (up ? "UP" : "DOWN") +
            ", reason: " + backend.reason);
}

}  // namespace vpclab::lb
