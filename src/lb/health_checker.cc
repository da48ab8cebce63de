#include "lb/health_checker.h"

#include <cerrno>

#include "base/connecting.h"
#include "http/head.h"
#include "lb/log.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kAnswerBytes = 8 * 1024;
constexpr base::Milliseconds kMinGap{20};  // between two checks that events ask for

}  // namespace

HealthChecker::HealthChecker(EventLoop& loop, std::shared_ptr<Backend> backend, state::HealthCheck check,
                             std::function<void(const Backend&)> flipped)
    : loop_(loop),
      backend_(std::move(backend)),
      check_(std::move(check)),
      flipped_(std::move(flipped)),
      timer_(loop, [this] { onTimer(); }),
      answer_(std::make_shared<BufferPool>(kAnswerBytes)) {
  backend_->sinceMs = unixMilliseconds();
  backend_->health.lookAnew(loop_.now());
  timer_.startIn(base::Milliseconds(0));
}

void HealthChecker::setCheck(const state::HealthCheck& check) {
  if (check == check_) {
    return;
  }
  check_ = check;
  lookAnew();
}

void HealthChecker::lookAnew() {
  backend_->health.lookAnew(loop_.now());
  checkNow(true);
}

void HealthChecker::checkNow(bool always) {
  if (backend_->config().disabled) {
    return;
  }
  if (socket_) {
    if (!again_ && (always || !replaces_)) {
      again_ = true;
      timer_.startAt(std::min(loop_.now() + kTransitionInterval, started_ + check_.timeout));
    }
    return;
  }
  timer_.startAt(std::max(loop_.now(), lastStart_ + kMinGap));
}

void HealthChecker::requestFailed(const std::string& reason, bool lenient) {
  if (check_.passive && !lenient && backend_->health.health() != Health::kDown) {
    judge(Finding::kFailure, "a request failed: " + reason);
  }
  checkNow(false);  // requests that fail one after another must not keep every check from its result
}

void HealthChecker::stop() {
  timer_.stop();
  if (socket_) {
    socket_->close();
    loop_.dispose(std::move(socket_));
  }
}

void HealthChecker::onTimer() {
  if (socket_ && again_ && loop_.now() < started_ + check_.timeout) {
    socket_->abort();
    loop_.dispose(std::move(socket_));
    answer_.release();
    replaces_ = true;
    begin();
  } else if (socket_) {
    const char* step = connected_ ? "no answer" : "connect: no answer";
    finish(connected_ ? Finding::kFailure : Finding::kSilence,
           std::string(step) + " within " + std::to_string(check_.timeout.count()) + " ms");
  } else if (!backend_->config().disabled) {
    begin();
  }
}

void HealthChecker::begin() {
  lastStart_ = started_ = loop_.now();
  connected_ = false;
  again_ = false;
  unsent_.clear();
  socket_ = std::make_shared<Socket>(loop_);
  if (check_.kind == state::HealthCheckKind::kHttp) {
    const auto& config = backend_->config();
    const std::string host = check_.host.empty() ? config.address.toString() : check_.host;
    unsent_ = "GET " + check_.path + " HTTP/1.1\r\nHost: " + host +
              "\r\nUser-Agent: vpclab-health-check\r\nConnection: close\r\n\r\n";
  }
  timer_.startIn(check_.timeout);
  if (!socket_->connect(backend_->config().address, backend_->config().port, this)) {
    connectFailed();
  }
}

void HealthChecker::connectFailed() {
  const int error = socket_->errorNumber();
  if (base::isOwnShortage(error)) {
    end();
    return;
  }
  const bool unreachable = error == ENETUNREACH || error == EHOSTUNREACH;
  finish(unreachable ? Finding::kUnreachable : Finding::kFailure, "connect: " + reasonForErrno(error));
}

void HealthChecker::onSocket(Socket& /*socket*/) {
  advance();
}

void HealthChecker::advance() {
  if (!connected_) {
    switch (socket_->connected()) {
      case Socket::Connect::kPending:
        return;
      case Socket::Connect::kFailed:
        connectFailed();
        return;
      case Socket::Connect::kDone:
        connected_ = true;
    }
    if (check_.kind == state::HealthCheckKind::kTcp) {
      const auto took = std::chrono::duration_cast<base::Milliseconds>(base::Clock::now() - started_);
      finish(Finding::kSuccess, "connected in " + std::to_string(took.count()) + " ms");
      return;
    }
  }
  if (!unsent_.empty() && socket_->writable()) {
    std::size_t sent = 0;
    if (socket_->send(unsent_, {}, sent) == Transfer::kError) {
      finish(Finding::kFailure, "send: " + reasonForErrno(socket_->errorNumber()));
      return;
    }
    unsent_.erase(0, sent);
  }
  while (socket_->readable()) {
    const Transfer got = answer_.space() == 0 ? Transfer::kError : socket_->receive(answer_);
    if (got == Transfer::kBlocked) {
      return;
    }
    http::HeadParser parser;
    http::ResponseHead head;
    const auto outcome = parser.parse(answer_.data(), head);
    if (outcome == http::HeadParser::Outcome::kDone) {
      // Success is 2xx and 3xx.
      finish(head.status >= 200 && head.status < 400 ? Finding::kSuccess : Finding::kFailure,
             "HTTP status " + std::to_string(head.status));
      return;
    }
    if (outcome == http::HeadParser::Outcome::kBad || got != Transfer::kProgress) {
      finish(Finding::kFailure, outcome == http::HeadParser::Outcome::kBad
                                    ? std::string("bad answer: ") + parser.problem().reason
                                    : "closed without an answer");
      return;
    }
  }
}

void HealthChecker::finish(Finding finding, std::string reason) {
  ++backend_->checks;
  judge(finding, std::move(reason));
  end();
}

void HealthChecker::end() {
  // RST: thousands of checks must not fill the table of connections in TIME_WAIT.
  socket_->abort();
  loop_.dispose(std::move(socket_));
  socket_.reset();
  answer_.release();
  replaces_ = false;
  const auto next = lastStart_ + backend_->health.untilNext(check_, loop_.now());
  timer_.startAt(again_ ? std::max(loop_.now(), lastStart_ + kMinGap) : std::max(loop_.now(), next));
}

void HealthChecker::judge(Finding finding, std::string reason) {
  const bool success = finding == Finding::kSuccess;
  const bool explains = backend_->health.explains(finding, loop_.now());
  const bool flips = backend_->health.record(success, check_, loop_.now());
  // The reason tells why the state is what it is, so a single result against it does not replace it.
  if (flips || (explains && success == (backend_->health.health() == Health::kUp))) {
    backend_->reason = std::move(reason);
  }
  if (flips) {
    backend_->sinceMs = unixMilliseconds();
    if (backend_->health.health() == Health::kDown) {
      backend_->closeIdle();
    }
    flipped_(*backend_);
  }
}

}  // namespace vpclab::lb
