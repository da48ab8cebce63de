#include "lb/pool.h"

#include <algorithm>

namespace vpclab::lb {

namespace {

bool sameBackend(const state::Backend& a, const state::Backend& b) {
  return a.name == b.name && a.address == b.address && a.port == b.port;
}

}  // namespace

Pool::Pool(EventLoop& loop, std::string name, std::function<void(const Pool&, const Backend&)> flipped)
    : loop_(loop), name_(std::move(name)), flipped_(std::move(flipped)), queue_(loop) {}

void Pool::configure(const std::string& shown, state::Balance balance, const std::vector<state::Backend>& wanted,
                     const state::HealthCheck& check) {
  shown_ = shown;
  balance_ = balance;
  // What a turn was owed is worth nothing among others, or by other weights.
  const bool sameTurns = std::equal(backends_.begin(), backends_.end(), wanted.begin(), wanted.end(),
                                    [](const auto& known, const state::Backend& one) {
                                      return sameBackend(known->config(), one) && known->config().weight == one.weight;
                                    });
  std::vector<std::shared_ptr<Backend>> backends;
  std::vector<std::unique_ptr<HealthChecker>> checkers;
  std::vector<Candidate> candidates;
  for (const auto& one : wanted) {
    const auto old = std::find_if(backends_.begin(), backends_.end(), [&](const auto& known) {
      return known != nullptr && sameBackend(known->config(), one);
    });
    if (old != backends_.end()) {
      const auto index = static_cast<std::size_t>(old - backends_.begin());
      const bool enabledNow = (*old)->config().disabled && !one.disabled;
      backends.push_back(std::move(*old));
      checkers.push_back(std::move(checkers_[index]));
      candidates.push_back(candidates_[index]);
      candidates.back().credit = sameTurns ? candidates.back().credit : 0;
      backends.back()->setConfig(one);
      checkers.back()->setCheck(check);
      if (enabledNow) {
        checkers.back()->lookAnew();
      }
    } else {
      backends.push_back(std::make_shared<Backend>(loop_, one));
      checkers.push_back(std::make_unique<HealthChecker>(loop_, backends.back(), check, [this](const Backend& flipped) {
        flipped_(*this, flipped);
        queue_.serve(shared_from_this());
      }));
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
  queue_.serve(shared_from_this());
}

void Pool::retire() {
  retired_ = true;
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    backends_[i]->retire();
    checkers_[i]->stop();
  }
}

void Pool::lookAnew() {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    // A connection that waits may have lost its address or its way, and nobody would answer the next request on it.
    backends_[i]->closeIdle();
    checkers_[i]->lookAnew();
  }
}

Pool::Choice Pool::choose(const net::IpAddr& client, std::vector<std::shared_ptr<Backend>>& tried) {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    Candidate& candidate = candidates_[i];
    const state::Backend& config = backends_[i]->config();
    candidate.weight = config.weight;
    candidate.disabled = config.disabled;
    candidate.backup = config.backup;
    candidate.health = backends_[i]->health.health();
    candidate.active = backends_[i]->active;
    candidate.full = backends_[i]->full();
    candidate.tried = std::find(tried.begin(), tried.end(), backends_[i]) != tried.end();
  }
  if (const auto index = pick(balance_, candidates_, client, turn_)) {
    tried.push_back(backends_[*index]);
    return {backends_[*index], false};
  }
  return {nullptr, std::any_of(candidates_.begin(), candidates_.end(), [](const Candidate& one) {
            return one.full && !one.tried && !one.disabled && one.weight > 0 && one.health != Health::kDown;
          })};
}

std::shared_ptr<Backend> Pool::find(std::string_view stickyId) const {
  const auto found = std::find_if(backends_.begin(), backends_.end(),
                                  [&](const auto& backend) { return backend->stickyId() == stickyId; });
  return found == backends_.end() ? nullptr : *found;
}

// An answer that makes no sense may be the request's doing: a client must not talk the last backend out of service.
void Pool::failed(const Backend& backend, Failure failure, const std::string& reason) {
  for (std::size_t i = 0; i < backends_.size(); ++i) {
    if (backends_[i].get() == &backend) {
      ++backends_[i]->counters.failed;
      if (!retired_) {
        checkers_[i]->requestFailed(reason, failure == Failure::kBadAnswer && isLast());
      }
      return;
    }
  }
}

void Pool::taken(Backend& backend) {
  ++backend.active;
  ++active_;
}

void Pool::released(Backend& backend) {
  --backend.active;
  --active_;
  if (queue_.size() > 0) {
    queue_.serve(shared_from_this());
  }
}

// Whether no more than one is up, of those that new clients get.
bool Pool::isLast() const {
  return std::count_if(backends_.begin(), backends_.end(), [](const auto& backend) {
           return !backend->config().disabled && backend->config().weight > 0 &&
                  backend->health.health() == Health::kUp;
         }) <= 1;
}

}  // namespace vpclab::lb
