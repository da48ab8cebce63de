#include "lb/session.h"

#include <algorithm>

#include "lb/rewrite.h"

namespace vpclab::lb {

namespace {

using base::Clock;
using base::Milliseconds;

constexpr Milliseconds kTunnelTimeout{3600 * 1000};  // of an upgraded connection; a TCP listener's is its idle timeout
constexpr Milliseconds kLingerTime{2000};
constexpr std::size_t kMaxTries = 4;  // backends one request is offered to

http::Limits limitsOf(const state::Listener& config) {
  http::Limits limits;
  limits.headBytes = config.maxHeaderBytes;
  return limits;
}

long millisecondsBetween(Clock::time_point from, Clock::time_point to) {
  return from == Clock::time_point() || to < from
             ? -1
             : static_cast<long>(std::chrono::duration_cast<Milliseconds>(to - from).count());
}

}  // namespace

Session::Session(EventLoop& loop, std::shared_ptr<Listener> listener)
    : loop_(loop),
      listener_(std::move(listener)),
      config_(listener_->config()),
      timer_(loop, [this] { onTimer(); }),
      client_(loop),
      clientIn_(listener_->pool()),
      clientOut_(listener_->pool()),
      requestParser_(limitsOf(*config_)),
      upIn_(listener_->pool()),
      upOut_(listener_->pool()),
      responseParser_(limitsOf(*config_)) {}

void Session::start(base::UniqueFd client) {
  clientEnd_ = peerEndpoint(client.get());
  clientText_ = clientEnd_.address.toString();
  if (!client_.adopt(std::move(client), this)) {
    close();
    return;
  }
  firstByte_ = loop_.now();
  setDeadline(loop_.now() + config_->idleTimeout);
  if (config_->protocol == state::ListenerProtocol::kTcp) {
    dispatch();
  }
  if (phase_ != Phase::kClosed) {
    pump();
  }
}

void Session::closeIfIdle() {
  if (phase_ == Phase::kHead && !begun_) {
    close();
  }
}

void Session::onSocket(Socket& /*socket*/) {
  pump();
}

// Every step does what it can and says whether it did anything; when none could, both sides are waiting for the kernel.
void Session::pump() {
  if (pumping_ || phase_ == Phase::kClosed) {
    return;
  }
  pumping_ = true;
  const auto keep = shared_from_this();
  bool progress = false;
  const auto step = [&](bool (Session::*function)()) { return phase_ != Phase::kClosed && (this->*function)(); };
  if (client_.broken() && (phase_ == Phase::kConnecting || phase_ == Phase::kExchange)) {
    clientLeft();
  }
  for (bool again = true; again && phase_ != Phase::kClosed;) {
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
  if (progress && (phase_ == Phase::kExchange || tunnels())) {
    const bool upgraded = tunnels() && config_->protocol == state::ListenerProtocol::kHttp;
    setDeadline(loop_.now() + (upgraded ? kTunnelTimeout : config_->idleTimeout));
  }
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
  const auto keep = shared_from_this();
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
      ending_ = "cR";
      keepAlive_ = false;
      respond(408, "the request's head did not come in time");
      return;
    case Phase::kConnecting:
      ending_ = "sC";
      upstreamFailed("connect: no answer in time");
      return;
    case Phase::kExchange:
      if (responseBegun_) {
        ending_ = upstream_ && clientOut_.empty() && responseBodyInPlace().empty() ? "sD" : "cD";
        logExchange();
        abortBoth();
      } else if (!bodyComplete() && clientIn_.empty() && upOut_.empty()) {
        ending_ = "cD";
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

void Session::dispatch() {
  upstreamEof_ = upstreamDeaf_ = upstreamKeeps_ = false;
  const auto backend = tried_.size() >= kMaxTries ? nullptr : listener_->choose(clientEnd_.address, tried_);
  if (!backend) {
    ending_ = "SC";
    if (config_->protocol == state::ListenerProtocol::kTcp) {
      logExchange();
      abortBoth();
    } else {
      respond(503, tried_.empty() ? "no backend is up" : "no backend could be reached");
    }
    return;
  }
  connectTo(backend, replayable_);
}

// A connection of the pool may be closed by the backend at the very moment it is used; then only what may be sent twice
// can be saved. Everything else gets a new one.
void Session::connectTo(const std::shared_ptr<Backend>& backend, bool mayReuse) {
  server_ = backend->config().name;
  ++backend->active;
  if (mayReuse) {
    upstream_ = backend->takeIdle();
  }
  if (upstream_) {
    upstream_->socket.setOwner(this);
    phase_ = Phase::kExchange;
    connectedAt_ = loop_.now();
    ++backend->requests;
    setDeadline(loop_.now() + config_->idleTimeout);
    return;
  }
  upstream_ = std::make_unique<Upstream>(loop_, backend);
  phase_ = Phase::kConnecting;
  setDeadline(loop_.now() + config_->connectTimeout);
  if (!upstream_->socket.connect(backend->config().address, backend->config().port, this)) {
    ending_ = "SC";
    upstreamFailed("connect failed");
  }
}

bool Session::checkConnected() {
  switch (upstream_->socket.connected()) {
    case Socket::Connect::kPending:
      return false;
    case Socket::Connect::kFailed:
      ending_ = "SC";
      upstreamFailed("connect failed");
      return true;
    case Socket::Connect::kDone:
      break;
  }
  connectedAt_ = loop_.now();
  ++upstream_->backend->requests;
  ending_ = "--";
  phase_ = config_->protocol == state::ListenerProtocol::kTcp ? Phase::kTunnel : Phase::kExchange;
  setDeadline(loop_.now() + config_->idleTimeout);
  return true;
}

// The backend cannot serve this request. Another try where that is safe: nothing was sent, or what was sent may be sent
// twice and no byte of a response has come (RFC 9110 section 9.2.2).
void Session::upstreamFailed(const char* how) {
  const std::shared_ptr<Backend> backend = upstream_->backend;
  const bool connecting = phase_ == Phase::kConnecting;
  const bool stale = upstream_->reused && replayable_ && upIn_.empty() && !responseBegun_ && interim_ == 0;
  dropUpstream(false);
  if (connecting) {
    listener_->suspect(*backend);
    ++retries_;
    ++listener_->counters.retries;
    dispatch();
    return;
  }
  if (stale) {
    upOut_.rewind();
    upstreamEof_ = upstreamDeaf_ = false;
    ++retries_;
    ++listener_->counters.retries;
    connectTo(backend, false);
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

void Session::dropUpstream(bool reusable) {
  if (!upstream_) {
    return;
  }
  --upstream_->backend->active;
  if (reusable) {
    const auto backend = upstream_->backend;
    backend->giveIdle(std::move(upstream_));
  } else {
    upstream_->socket.close();
    loop_.dispose(std::move(upstream_));
  }
  upstream_.reset();
}

// Our own answer in place of a backend's.
void Session::respond(int status, std::string_view text) {
  keepAlive_ = keepAlive_ && bodyComplete() && !listener_->retired();
  dropUpstream(false);
  upOut_.clear();
  upIn_.clear();
  clientOut_.compact();
  ++listener_->counters.refused;
  status_ = status;
  responseBegun_ = true;
  responseEnded_ = true;
  responseBody_ = {};
  clientBody_ = http::BodyKind::kNone;
  phase_ = Phase::kExchange;
  answeredAt_ = loop_.now();
  if (!clientOut_.append(ownResponse(status, text, keepAlive_, method_ != "HEAD"))) {
    logExchange();
    abortBoth();
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
  if (!keepAlive_ || !complete || listener_->retired()) {
    phase_ = Phase::kLinger;
    client_.shutdownWrite();
    setDeadline(loop_.now() + kLingerTime);
    return;
  }
  if (clientIn_.empty()) {
    clientIn_.release();
  }
  const auto previous = config_;
  config_ = listener_->config();
  if (config_ != previous) {
    if (clientIn_.empty()) {
      for (Buffer* buffer : {&clientIn_, &clientOut_, &upIn_, &upOut_}) {
        buffer->usePool(listener_->pool());
      }
      requestParser_ = http::HeadParser(limitsOf(*config_));
      responseParser_ = http::HeadParser(limitsOf(*config_));
    } else {
      config_ = previous;  // a request is in the old block already; the next pause will do
    }
  }
  phase_ = Phase::kHead;
  requestParser_.reset();
  responseParser_.reset();
  begun_ = upgrade_ = replayable_ = responseBegun_ = responseEnded_ = false;
  upstreamEof_ = upstreamDeaf_ = upstreamKeeps_ = false;
  requestBody_ = responseBody_ = {};
  requestLeft_ = responseLeft_ = 0;
  status_ = interim_ = 0;
  retries_ = 0;
  tried_.clear();
  server_.clear();
  bytesToClient_ = 0;
  connectedAt_ = answeredAt_ = {};
  ending_ = "--";
  setDeadline(loop_.now() + config_->idleTimeout);
}

void Session::close() {
  if (phase_ == Phase::kClosed) {
    return;
  }
  phase_ = Phase::kClosed;
  timer_.stop();
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

// HAProxy's HTTP or TCP log format: client, accept date, frontend, backend/server, timers, status, bytes, termination,
// connections, queues, request. Its configuration manual, section 8.2.
void Session::logExchange() {
  const auto end = Clock::now();
  const auto startedMs = unixMilliseconds() - std::max(0L, millisecondsBetween(firstByte_, end));
  const std::string server = server_.empty() ? "<NOSRV>" : server_;
  std::uint32_t active = 0;
  for (const auto& backend : listener_->backends()) {
    active += backend->active;
  }
  const std::string counts = std::to_string(listener_->sessionCount()) + "/" +
                             std::to_string(listener_->sessionCount()) + "/" + std::to_string(active) + "/" +
                             std::to_string(upstream_ ? upstream_->backend->active : 0) + "/" +
                             std::to_string(retries_) + " 0/0";
  std::string line = clientText_ + ":" + std::to_string(clientEnd_.port) + " [" + logTime(startedMs) + "] " +
                     config_->name + " " + config_->name + "/" + server + " ";
  if (config_->protocol == state::ListenerProtocol::kTcp) {
    line += "0/" + std::to_string(millisecondsBetween(firstByte_, connectedAt_)) + "/" +
            std::to_string(millisecondsBetween(firstByte_, end)) + " " + std::to_string(bytesToClient_) + " " +
            ending_ + " " + counts;
  } else {
    ++requestsServed_;
    line += std::to_string(millisecondsBetween(firstByte_, headDone_)) + "/0/" +
            std::to_string(millisecondsBetween(headDone_, connectedAt_)) + "/" +
            std::to_string(millisecondsBetween(connectedAt_, answeredAt_)) + "/" +
            std::to_string(millisecondsBetween(firstByte_, end)) + " " + std::to_string(status_) + " " +
            std::to_string(bytesToClient_) + " - - " + ending_ + "-- " + counts + " \"" +
            (method_.empty() ? "<BADREQ>" : method_ + " " + target_ + " HTTP/1." + std::to_string(clientMinor_)) + "\"";
  }
  listener_->log().line(line);
}

}  // namespace vpclab::lb
