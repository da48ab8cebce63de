#include "lb/balancer.h"

#include <algorithm>
#include <set>

#include "http/chars.h"
#include "http/target.h"

namespace vpclab::lb {

namespace {

using base::ErrorKind;
using base::fail;

constexpr std::size_t kMaxListeners = 256;
constexpr std::size_t kMaxBackends = 1000;  // a pool
constexpr std::size_t kMaxPools = 100;
constexpr std::size_t kMaxRules = 1000;

// The state of a backend as users know it: what they asked for counts more than what the checks say.
std::string stateOf(const Backend& backend) {
  if (backend.config().disabled) {
    return "disabled";
  }
  if (backend.config().weight == 0) {
    return "drain";
  }
  switch (backend.health.health()) {
    case Health::kUp:
      return "up";
    case Health::kDown:
      return "down";
    case Health::kUnknown:
      break;
  }
  return "unknown";
}

// What goes into heads must not be able to end a line.
base::Result<> checkTexts(const state::Listener& listener, const std::string& who) {
  if (listener.sticky.mode != state::Stickiness::kOff && !http::isToken(listener.sticky.name)) {
    return fail(ErrorKind::kInvalid, who + "its cookie has no usable name");
  }
  for (const auto& rule : listener.rules) {
    if (rule.redirect.status != 0 && !http::allOf(rule.redirect.location, http::kFieldValue)) {
      return fail(ErrorKind::kInvalid, who + "a redirect's location is not usable");
    }
  }
  return {};
}

base::Result<> checkConfig(const state::LoadBalancer& config, std::size_t sockets) {
  if (sockets != config.listeners.size() || sockets > kMaxListeners) {
    return fail(ErrorKind::kInvalid, "configure: " + std::to_string(config.listeners.size()) + " listeners and " +
                                         std::to_string(sockets) + " sockets");
  }
  std::set<state::ListenAddress> seen;
  for (const auto& listener : config.listeners) {
    const std::string who = "configure listener " + listener.name + ": ";
    if (!seen.insert(listener.listen).second) {
      return fail(ErrorKind::kInvalid, who + "its address is used twice");
    }
    std::size_t largest = listener.backends.size();
    for (const auto& pool : listener.pools) {
      largest = std::max(largest, pool.backends.size());
    }
    if (largest > kMaxBackends || listener.pools.size() > kMaxPools || listener.rules.size() > kMaxRules) {
      return fail(ErrorKind::kLimit, who + "more than " + std::to_string(kMaxBackends) + " backends in a pool, " +
                                         std::to_string(kMaxPools) + " pools or " + std::to_string(kMaxRules) +
                                         " rules");
    }
    if (auto usable = checkTexts(listener, who); !usable) {
      return usable;
    }
    const auto& check = listener.healthCheck;
    const auto target = http::parseTarget("GET", check.path);
    if (!target || target->form != http::TargetForm::kOrigin ||
        (!check.host.empty() && !http::isAuthority(check.host)) || check.fall == 0 || check.rise == 0) {
      return fail(ErrorKind::kInvalid, who + "its health check is not usable");
    }
  }
  return {};
}

}  // namespace

base::Result<> Balancer::watchRoutes(base::UniqueFd socket) {
  auto watch = RouteWatch::start(loop_, std::move(socket), [this] {
    for (const auto& entry : listeners_) {
      entry.second->lookAnew();
    }
  });
  if (!watch) {
    return fail(std::move(watch.error()));
  }
  watch_ = std::move(*watch);
  return {};
}

base::Result<> Balancer::configure(const state::LoadBalancer& config, std::vector<base::UniqueFd> sockets) {
  if (auto checked = checkConfig(config, sockets.size()); !checked) {
    return checked;
  }
  shared_->id = config.id;
  std::map<state::ListenAddress, std::shared_ptr<Listener>> next;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const state::Listener& wanted = config.listeners[i];
    std::shared_ptr<Listener> listener;
    const auto old = listeners_.find(wanted.listen);
    // Sessions of another protocol end under the configuration that they began with.
    if (old != listeners_.end() && old->second->config()->protocol == wanted.protocol) {
      listener = old->second;
    } else {
      listener = std::make_shared<Listener>(loop_, log_, shared_);
    }
    if (auto done = listener->configure(wanted, std::move(sockets[i])); !done) {
      return fail(std::move(done.error()).context("listener " + wanted.name));
    }
    next.emplace(wanted.listen, std::move(listener));
  }
  for (const auto& [address, listener] : listeners_) {
    const auto kept = next.find(address);
    if (kept == next.end() || kept->second != listener) {
      listener->retire();
      loop_.dispose(listener);
    }
  }
  listeners_ = std::move(next);
  return {};
}

void Balancer::drain() {
  for (const auto& entry : listeners_) {
    entry.second->drain();
  }
}

std::vector<ListenerStatus> Balancer::status() const {
  std::vector<ListenerStatus> out;
  for (const auto& entry : listeners_) {
    const Listener& listener = *entry.second;
    ListenerStatus status;
    status.name = listener.config()->name;
    status.open = listener.sessionCount();
    status.counters = listener.counters;
    status.flips.assign(listener.flips().begin(), listener.flips().end());
    for (const auto& pool : listener.pools()) {
      status.pools.push_back({pool->name(), pool->queue().size(), pool->queue().longest()});
      for (const auto& backend : pool->backends()) {
        const auto& config = backend->config();
        status.backends.push_back({pool->name(), config.name, config.address.toString(), config.port, stateOf(*backend),
                                   config.disabled ? "" : backend->reason, backend->checks, backend->sinceMs,
                                   backend->active, backend->counters});
      }
    }
    out.push_back(std::move(status));
  }
  return out;
}

}  // namespace vpclab::lb
