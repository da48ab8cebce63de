#include <algorithm>

#include "base/connecting.h"
#include "lb/session.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kMaxTries = 4;  // backends one request is offered to

}  // namespace

void Session::dispatch() {
  if (pool_->queue().size() > 0 && tried_.empty() && !stickyBackend()) {
    // Others were there before: what is free is offered to them first, at the end of this round. A client that is bound
    // to a backend waits for that one only.
    joinQueue();
    pool_->queue().serve(pool_);
    return;
  }
  const Pool::Choice choice = nextBackend();
  if (choice.full) {
    joinQueue();
  } else {
    take(choice);
  }
}

// The one that its cookie names, else by the balance.
Pool::Choice Session::nextBackend() {
  if (const auto bound = stickyBackend()) {
    if (bound->full()) {
      return {nullptr, true};
    }
    tried_.push_back(bound);
    return {bound, false};
  }
  return tried_.size() >= kMaxTries ? Pool::Choice{} : pool_->choose(clientEnd_.address, tried_);
}

std::shared_ptr<Backend> Session::stickyBackend() {
  if (sticky_.id.empty() || !tried_.empty()) {
    return nullptr;
  }
  auto backend = pool_->find(sticky_.id);
  const bool usable = backend && !backend->config().disabled && backend->health.health() != Health::kDown;
  if (!usable) {
    sticky_.flag = backend ? 'D' : 'I';
    sticky_.id.clear();
    return nullptr;
  }
  return backend;
}

void Session::take(const Pool::Choice& choice) {
  if (choice.backend) {
    if (dispatchedAt_ == base::Clock::time_point()) {
      dispatchedAt_ = loop_.now();
    }
    if (tried_.size() > 1) {
      countRetry(true);
    }
    connectTo(choice.backend, replayable_);
    return;
  }
  if (tried_.empty()) {
    ending_ = "SC";
  }
  if (config_->protocol == state::ListenerProtocol::kTcp) {
    logExchange();
    abortBoth();
  } else {
    respond(503, tried_.empty() ? "no backend is up" : "no backend could be reached");
  }
}

void Session::joinQueue() {
  phase_ = Phase::kQueued;
  place_ = pool_->queue().join(*this, !sticky_.id.empty() || !tried_.empty());
  (sticky_.id.empty() ? poolQueue_ : serverQueue_) = pool_->queue().size();
  queued_ = true;
  setDeadline(loop_.now() + config_->queueTimeout);
}

void Session::leaveQueue() {
  if (queued_) {
    pool_->queue().leave(place_);
    queued_ = false;
  }
}

bool Session::offer() {
  const Pool::Choice choice = nextBackend();
  if (choice.full) {
    return false;
  }
  leaveQueue();
  take(choice);
  pump();
  return true;
}

// A connection of the pool may be closed by the backend at the very moment it is used; then only what may be sent twice
// can be saved. Everything else gets a new one.
void Session::connectTo(const std::shared_ptr<Backend>& backend, bool mayReuse) {
  upstreamEof_ = upstreamDeaf_ = upstreamKeeps_ = false;
  upstreamBytes_ = 0;
  server_ = backend->config().name;
  connectingAt_ = loop_.now();
  connectedAt_ = {};
  pool_->taken(*backend);
  if (mayReuse) {
    upstream_ = backend->takeIdle();
  }
  if (upstream_) {
    upstream_->backend = backend;
    upstream_->socket.setOwner(this);
    phase_ = Phase::kExchange;
    ending_ = "--";  // whatever a backend before this one has come to
    connectedAt_ = loop_.now();
    ++backend->counters.requests;
    setDeadline(loop_.now() + config_->idleTimeout);
    return;
  }
  upstream_ = std::make_unique<Upstream>(loop_, backend);
  phase_ = Phase::kConnecting;
  setDeadline(loop_.now() + config_->connectTimeout);
  if (!upstream_->socket.connect(backend->config().address, backend->config().port, this)) {
    connectRefused();
  }
}

void Session::routesChanged() {
  if (phase_ != Phase::kConnecting) {
    return;
  }
  const auto backend = upstream_->backend;
  const auto until = deadline_;
  dropUpstream(false);
  connectTo(backend, false);
  if (phase_ == Phase::kConnecting) {
    setDeadline(until);
  }
  pump();
}

bool Session::checkConnected() {
  switch (upstream_->socket.connected()) {
    case Socket::Connect::kPending:
      return false;
    case Socket::Connect::kFailed:
      connectRefused();
      return true;
    case Socket::Connect::kDone:
      break;
  }
  connectedAt_ = loop_.now();
  BackendCounters& counters = upstream_->backend->counters;
  ++counters.requests;
  ++counters.connects;
  counters.connectMs +=
      static_cast<std::uint64_t>(std::chrono::duration_cast<base::Milliseconds>(connectedAt_ - connectingAt_).count());
  ending_ = "--";
  phase_ = config_->protocol == state::ListenerProtocol::kTcp ? Phase::kTunnel : Phase::kExchange;
  setDeadline(loop_.now() + config_->idleTimeout);
  return true;
}

void Session::connectRefused() {
  const int error = upstream_->socket.errorNumber();
  ending_ = "SC";
  connectFailed("connect: " + reasonForErrno(error), base::isOwnShortage(error));
}

// Nothing was sent: the next one can have it. `ownFault`: it says nothing of the backend.
void Session::connectFailed(const std::string& how, bool ownFault) {
  const std::shared_ptr<Backend> backend = upstream_->backend;
  dropUpstream(false);
  if (!ownFault) {
    pool_->failed(*backend, Pool::Failure::kUnreachable, how);
  }
  dispatch();
}

void Session::countRetry(bool elsewhere) {
  ++retries_;
  ++listener_->counters.retries;
  redispatched_ = redispatched_ || elsewhere;
  if (elsewhere && sticky_.flag == 'V') {
    sticky_.flag = 'D';  // HAProxy's: the backend that the cookie names was down, after all
  }
}

// The connection came to an end before the answer did.
void Session::upstreamFailed(const char* how) {
  const std::shared_ptr<Backend> backend = upstream_->backend;
  const bool reused = upstream_->reused;
  const bool answered = responseBegun_ || interim_ > 0 || !upIn_.empty();
  dropUpstream(false);
  if (!reused) {
    pool_->failed(*backend, Pool::Failure::kBadAnswer, how);
  }
  if (!answered && (replayable_ || upstreamBytes_ == 0) && tryAgain(backend, reused)) {
    return;
  }
  if (!responseBegun_) {
    ending_ = "SH";
    respond(502, how);
    return;
  }
  // Half a body has gone out: the client must not take it for a whole one.
  ending_ = "SD";
  logExchange();
  abortBoth();
}

// Where nothing was sent, or what was sent may be sent twice, and no byte of an answer has come (RFC 9110 section
// 9.2.2): once more. A reused connection was most likely closed while it waited, so the same backend gets a new one;
// otherwise it is another one's turn, and that once, lest a request that kills its backend kills them all.
bool Session::tryAgain(const std::shared_ptr<Backend>& failed, bool reused) {
  std::shared_ptr<Backend> next = failed;
  if (!reused) {
    if (retries_ > 0) {
      return false;
    }
    next = pool_->choose(clientEnd_.address, tried_).backend;
    if (!next) {
      return false;
    }
  }
  countRetry(next != failed);
  upOut_.rewind();
  connectTo(next, false);
  return true;
}

// What it says makes no sense.
void Session::badAnswer(const char* how) {
  const std::shared_ptr<Backend> backend = upstream_->backend;
  ending_ = "PH";
  respond(502, how);
  pool_->failed(*backend, Pool::Failure::kBadAnswer, how);
}

void Session::dropUpstream(bool reusable) {
  if (!upstream_) {
    return;
  }
  const auto backend = upstream_->backend;
  pool_->released(*backend);
  if (reusable) {
    backend->giveIdle(std::move(upstream_));
  } else {
    upstream_->socket.close();
    loop_.dispose(std::move(upstream_));
  }
  upstream_.reset();
}

}  // namespace vpclab::lb
