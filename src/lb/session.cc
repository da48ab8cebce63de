#include "lb/session.h"

#include <algorithm>

#include "lb/rewrite.h"
#include "lb/routing.h"

namespace vpclab::lb {

namespace {

using base::Clock;
using base::Milliseconds;

// So often a session may go on in one round of the loop: some ten requests, or 4 MiB of a body.
constexpr int kMostRounds = 32;
constexpr Milliseconds kLingerTime{2000};
// How long a draining process waits for a request on a connection that it has called a lasting one: what is on its way
// already would fail.
constexpr Milliseconds kDrainTime{5000};
// A client that takes or gives less than this within the idle timeout, while we wait for it, is as good as silent.
constexpr std::uint64_t kMinClientBytes = 1024;

http::Limits requestLimits(const state::Listener& config) {
  http::Limits limits;
  limits.headBytes = config.maxHeaderBytes;
  return limits;
}

// What clients may say is a listener's matter; a backend's head has to fit in.
http::Limits responseLimits(const state::Listener& config) {
  http::Limits limits;
  limits.headBytes = std::max(config.maxHeaderBytes, state::Listener{}.maxHeaderBytes);
  return limits;
}

}  // namespace

Session::Session(EventLoop& loop, std::shared_ptr<Listener> listener)
    : loop_(loop),
      listener_(std::move(listener)),
      config_(listener_->config()),
      timer_(loop, [this] { onTimer(); }),
      client_(loop),
      clientIn_(listener_->buffers()),
      clientOut_(listener_->buffers()),
      requestParser_(requestLimits(*config_)),
      upIn_(listener_->buffers()),
      upOut_(listener_->buffers()),
      responseParser_(responseLimits(*config_)) {}

void Session::start(base::UniqueFd client, const Endpoint& peer) {
  clientEnd_ = peer;
  clientText_ = clientEnd_.address.toString();
  client_.adopt(std::move(client), this);
  firstByte_ = loop_.now();
  setDeadline(loop_.now() + config_->idleTimeout - listener_->deferral());
  if (config_->protocol == state::ListenerProtocol::kTcp) {
    headDone_ = firstByte_;
    ++listener_->counters.requests;
    const auto* rule = firstThatFits(config_->rules, {{}, {}, nullptr, clientEnd_.address});
    pool_ = listener_->pool(rule == nullptr ? "" : rule->pool);
    dispatch();
  }
  if (phase_ != Phase::kClosed) {
    pump();
  }
  if (phase_ != Phase::kClosed && !client_.watch()) {
    clientLeft();  // nothing would ever tell
  }
}

void Session::closeIfIdle() {
  if (phase_ == Phase::kHead && !begun_ && clientIn_.empty()) {
    close();
  }
}

void Session::drain() {
  if (phase_ == Phase::kHead && !begun_) {
    setDeadline(std::min(deadline_, loop_.now() + kDrainTime));
  }
}

void Session::onSocket(Socket& /*socket*/) {
  pump();
}

// Every step does what it can and says whether it did anything; when none could, both sides are waiting for the kernel.
// A session that ends meanwhile stays until the end of the loop's round (EventLoop::dispose).
void Session::pump() {
  if (pumping_ || phase_ == Phase::kClosed) {
    return;
  }
  pumping_ = true;
  bool progress = false;
  const auto step = [&](bool (Session::*function)()) { return phase_ != Phase::kClosed && (this->*function)(); };
  if (client_.broken() && (phase_ == Phase::kQueued || phase_ == Phase::kConnecting || phase_ == Phase::kExchange)) {
    clientLeft();
  }
  int rounds = 0;
  for (bool again = true; again && phase_ != Phase::kClosed;) {
    if (++rounds > kMostRounds) {
      pumpSoon();
      break;
    }
    again = step(&Session::readClient);
    if (phase_ == Phase::kHead) {
      again = step(&Session::takeRequest) || again;
    }
    if (phase_ == Phase::kConnecting) {
      again = step(&Session::checkConnected) || again;
    }
    if (phase_ == Phase::kExchange) {
      again = step(&Session::moveRequest) || again;
    }
    if (phase_ == Phase::kExchange || tunnels()) {
      again = step(&Session::writeUpstream) || again;
      again = step(&Session::readUpstream) || again;
    }
    if (phase_ == Phase::kExchange) {
      again = step(&Session::takeResponse) || again;
      again = step(&Session::moveResponse) || again;
    }
    again = step(&Session::writeClient) || again;
    if (phase_ == Phase::kExchange && responseSent()) {
      finishExchange();
      again = true;
    }
    if (tunnels()) {
      again = step(&Session::forwardTunnelEnds) || again;
    }
    progress = progress || again;
  }
  pumping_ = false;
  // What it sent last finds no room, so that no read will ever tell that nobody is there to take an answer.
  if (tunnels() && client_.reset() && client_.readable()) {
    clientLeft();
    return;
  }
  if (progress && (phase_ == Phase::kExchange || tunnels())) {
    extendDeadline();
  }
}

// Others have their turn first: who gives and takes faster than we do would hold up everything else.
void Session::pumpSoon() {
  if (pumpsSoon_) {
    return;
  }
  pumpsSoon_ = true;
  loop_.soon([self = shared_from_this()] {
    self->pumpsSoon_ = false;
    self->pump();
  });
}

bool Session::clientHoldsUp() const {
  const bool takes = clientOut_.empty() && responseBodyInPlace().empty();
  const bool gives = bodyComplete() || !clientIn_.empty() || !upOut_.empty();
  return !tunnels() && !(takes && gives);
}

void Session::extendDeadline() {
  const std::uint64_t moved = clientBytesIn_ + bytesToClient_;
  if (clientHoldsUp() && moved - movedAtDeadline_ < kMinClientBytes) {
    return;
  }
  movedAtDeadline_ = moved;
  const bool upgraded = tunnels() && config_->protocol == state::ListenerProtocol::kHttp;
  setDeadline(loop_.now() + (upgraded ? config_->tunnelTimeout : config_->idleTimeout));
}

// The timer stays where it is when the deadline moves away, as it does with every byte: it looks again when it fires.
void Session::setDeadline(Clock::time_point when) {
  const bool earlier = when < deadline_;
  deadline_ = when;
  if (!timer_.running() || earlier) {
    timer_.startAt(when);
  }
}

void Session::onTimer() {
  if (phase_ == Phase::kClosed) {
    return;
  }
  if (loop_.now() < deadline_) {
    timer_.startAt(deadline_);
    return;
  }
  onTimeout();
  if (phase_ != Phase::kClosed) {
    if (!timer_.running()) {
      setDeadline(loop_.now() + config_->idleTimeout);
    }
    pump();
  }
}

void Session::onTimeout() {
  switch (phase_) {
    case Phase::kHead:
      if (!begun_) {
        close();
        return;
      }
      ++listener_->counters.requests;
      ending_ = "cR";
      keepAlive_ = false;
      respond(408, "the request's head did not come in time");
      return;
    case Phase::kQueued:
      leaveQueue();
      dispatchedAt_ = loop_.now();
      ending_ = "sQ";
      if (config_->protocol == state::ListenerProtocol::kTcp) {
        logExchange();
        abortBoth();
      } else {
        respond(503, "every backend is at its limit");
      }
      return;
    case Phase::kConnecting:
      ending_ = "sC";
      connectFailed("connect: no answer within " + std::to_string(config_->connectTimeout.count()) + " ms", false);
      return;
    case Phase::kExchange:
      if (responseBegun_) {
        ending_ = upstream_ && clientOut_.empty() && responseBodyInPlace().empty() ? "sD" : "cD";
        logExchange();
        abortBoth();
      } else if (!bodyComplete() && clientIn_.empty() && upOut_.empty()) {
        ending_ = "cH";
        keepAlive_ = false;
        respond(408, "the request's body did not come in time");
      } else {
        ending_ = "sH";
        respond(504, "the backend did not answer in time");
      }
      return;
    case Phase::kTunnel:
      ending_ = "sD";
      logExchange();
      abortBoth();
      return;
    case Phase::kLinger:
      close();
      return;
    case Phase::kClosed:
      return;
  }
}

// Our own answer in place of a backend's.
void Session::respond(int status, std::string_view text, std::string_view location) {
  keepAlive_ = keepAlive_ && bodyComplete() && !lastAnswer();
  dropUpstream(false);
  upOut_.clear();
  upIn_.clear();
  clientOut_.compact();
  if (!location.empty()) {
    ++listener_->counters.redirected;
  } else if (status >= 400) {
    ++listener_->counters.refused;
  }
  status_ = status;
  responseBegun_ = true;
  responseEnded_ = true;
  responseBody_ = {};
  clientBody_ = http::BodyKind::kNone;
  phase_ = Phase::kExchange;
  if (!clientOut_.append(ownResponse(status, text, keepAlive_, clientMinor_, method_ != "HEAD", location))) {
    logExchange();
    abortBoth();
  }
}

// Between two requests. Buffers and parsers stay those of the old configuration while a request is in them already.
void Session::renewConfig() {
  if (config_ != listener_->config()) {
    config_ = listener_->config();
    outgrown_ = true;
  }
  if (outgrown_ && clientIn_.empty()) {
    for (Buffer* buffer : {&clientIn_, &clientOut_, &upIn_, &upOut_}) {
      buffer->usePool(listener_->buffers());
    }
    requestParser_ = http::HeadParser(requestLimits(*config_));
    responseParser_ = http::HeadParser(responseLimits(*config_));
    outgrown_ = false;
  }
}

// The response is out. On to the next request, or to the end.
void Session::finishExchange() {
  logExchange();
  const bool complete = bodyComplete();
  dropUpstream(upstreamKeeps_ && requestSent() && upIn_.empty() && !upstreamEof_ && !upstreamDeaf_);
  upIn_.release();
  upOut_.release();
  clientOut_.release();
  if (!keepsClient()) {
    client_.shutdownWrite();
    // Nothing more is to come from a client that has said so; a close with nothing unread resets nothing.
    if (clientCloses_ && complete && clientIn_.empty() && !client_.readable()) {
      close();
      return;
    }
    phase_ = Phase::kLinger;
    setDeadline(loop_.now() + kLingerTime);
    return;
  }
  if (clientIn_.empty()) {
    clientIn_.release();
  }
  renewConfig();
  phase_ = Phase::kHead;
  requestParser_.reset();
  responseParser_.reset();
  begun_ = upgrade_ = replayable_ = responseBegun_ = responseEnded_ = false;
  upstreamEof_ = upstreamDeaf_ = upstreamKeeps_ = false;
  requestBody_ = responseBody_ = {};
  requestLeft_ = responseLeft_ = 0;
  status_ = interim_ = 0;
  retries_ = 0;
  redispatched_ = false;
  serverQueue_ = poolQueue_ = 0;
  sticky_ = {};
  responseCookie_ = '-';
  pool_.reset();
  tried_.clear();
  server_.clear();
  clientBytesIn_ = clientIn_.size();
  bytesToClient_ = movedAtDeadline_ = 0;
  headDone_ = dispatchedAt_ = connectingAt_ = connectedAt_ = answeredAt_ = {};
  ending_ = "--";
  setDeadline(loop_.now() +
              (listener_->draining() ? std::min(config_->idleTimeout, kDrainTime) : config_->idleTimeout));
}

void Session::close() {
  if (phase_ == Phase::kClosed) {
    return;
  }
  phase_ = Phase::kClosed;
  timer_.stop();
  leaveQueue();
  dropUpstream(false);
  client_.close();
  listener_->sessionEnded(this);
}

void Session::abortBoth() {
  if (upstream_) {
    upstream_->socket.abort();
  }
  client_.abort();
  close();
}

}  // namespace vpclab::lb
