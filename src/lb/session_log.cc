#include <algorithm>

#include "lb/exchange_log.h"
#include "lb/session.h"

namespace vpclab::lb {

namespace {

using base::Clock;

// -1: one of the two has not come.
long millisecondsBetween(Clock::time_point from, Clock::time_point to) {
  return from == Clock::time_point() || to < from
             ? -1
             : static_cast<long>(std::chrono::duration_cast<base::Milliseconds>(to - from).count());
}

std::uint64_t orNothing(long milliseconds) {
  return static_cast<std::uint64_t>(std::max(0L, milliseconds));
}

}  // namespace

void Session::countExchange(Clock::time_point end) {
  ListenerCounters& counters = listener_->counters;
  const auto codeClass = static_cast<std::size_t>(std::clamp(status_ / 100, 0, 5));
  // What it has sent ahead is the next request's.
  counters.bytesIn += clientBytesIn_ - (keepsClient() ? clientIn_.size() : 0);
  counters.bytesOut += bytesToClient_;
  counters.totalMs += orNothing(millisecondsBetween(firstByte_, end));
  ++counters.codes.at(codeClass);
  if (tried_.empty()) {
    return;
  }
  BackendCounters& last = tried_.back()->counters;
  last.queuedMs += orNothing(millisecondsBetween(headDone_, dispatchedAt_));
  if (answeredAt_ != Clock::time_point()) {
    ++last.answered;
    ++last.codes.at(codeClass);
    last.responseMs += orNothing(millisecondsBetween(connectedAt_, answeredAt_));
  }
}

void Session::logExchange() {
  const auto end = loop_.now();
  countExchange(end);
  ExchangeLog log;
  log.client = clientText_;
  log.clientPort = clientEnd_.port;
  LogClock& clock = listener_->shared().clock;
  log.start = clock.text(clock.unixMilliseconds(firstByte_, end));
  log.frontend = config_->name;
  log.backend = pool_ ? std::string_view(pool_->shownName()) : config_->name;
  log.server = server_;
  log.queueTime = millisecondsBetween(headDone_, dispatchedAt_);
  log.connectTime = millisecondsBetween(dispatchedAt_, connectedAt_);
  log.totalTime = millisecondsBetween(firstByte_, end);
  log.bytes = bytesToClient_;
  log.ending = ending_;
  log.processConnections = listener_->shared().sessions;
  log.frontendConnections = listener_->sessionCount();
  // Besides this one, as HAProxy counts them.
  log.backendConnections = pool_ ? pool_->active() - (upstream_ ? 1 : 0) : 0;
  log.serverConnections = upstream_ ? upstream_->backend->active - 1 : 0;
  log.retries = retries_;
  log.redispatched = redispatched_;
  log.serverQueue = serverQueue_;
  log.backendQueue = poolQueue_;
  if (config_->protocol == state::ListenerProtocol::kTcp) {
    listener_->log().lineInPlace(mostBytes(log), [&log](char* at) { return writeTcpLine(log, at); });
    return;
  }
  log.requestTime = millisecondsBetween(firstByte_, headDone_);
  log.responseTime = millisecondsBetween(connectedAt_, answeredAt_);
  log.status = status_ == 0 ? -1 : status_;
  log.requestCookie = sticky_.flag;
  log.responseCookie = responseCookie_;
  log.method = method_;
  log.target = target_;
  log.minorVersion = clientMinor_;
  listener_->log().lineInPlace(mostBytes(log), [&log](char* at) { return writeHttpLine(log, at); });
}

}  // namespace vpclab::lb
