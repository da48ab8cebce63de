#include <algorithm>

#include "http/fields.h"
#include "lb/max_forwards.h"
#include "lb/rewrite.h"
#include "lb/routing.h"
#include "lb/session.h"

namespace vpclab::lb {

namespace {

constexpr std::size_t kLoggedTargetBytes = 256;

bool expectsWhatWeKnow(const http::RequestHead& head) {
  for (const auto& field : head.fields) {
    if (field.kind == http::FieldKind::kExpect && !http::equalsIgnoringCase(field.value, "100-continue")) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool Session::readClient() {
  if (!client_.readable() || clientEof_) {
    return false;
  }
  if (phase_ == Phase::kLinger) {
    clientIn_.clear();
  } else if (phase_ != Phase::kHead && !tunnels() && (phase_ != Phase::kExchange || bodyComplete())) {
    return false;  // the next request can wait in the kernel
  }
  if (phase_ == Phase::kHead && !begun_) {
    renewConfig();
  }
  if (clientIn_.space() < clientIn_.consumed()) {
    clientIn_.compact();
  }
  if (clientIn_.space() == 0) {
    return false;
  }
  const std::size_t before = clientIn_.size();
  switch (client_.receive(clientIn_)) {
    case Transfer::kProgress:
      clientBytesIn_ += clientIn_.size() - before;
      return true;
    case Transfer::kBlocked:
      if (clientIn_.empty() && phase_ == Phase::kHead) {
        clientIn_.release();
      }
      return false;
    case Transfer::kError:
      clientLeft();
      return true;
    case Transfer::kEnd:
      break;
  }
  clientEof_ = true;
  if (phase_ == Phase::kLinger || (phase_ == Phase::kHead && clientIn_.empty())) {
    close();
  } else if (phase_ == Phase::kExchange && !bodyComplete() && responseBegun_) {
    keepAlive_ = false;
  }
  return true;
}

// The client is gone: nobody to answer.
void Session::clientLeft() {
  if (phase_ == Phase::kHead && begun_) {
    ++listener_->counters.requests;
    ending_ = "CR";
    status_ = 400;
    logExchange();
  } else if (phase_ != Phase::kHead && phase_ != Phase::kLinger) {
    ending_ = tunnels() || responseBegun_    ? "CD"
              : phase_ == Phase::kQueued     ? "CQ"
              : phase_ == Phase::kConnecting ? "CC"
                                             : "CH";
    logExchange();
  }
  abortBoth();
}

bool Session::takeRequest() {
  if (clientIn_.empty()) {
    if (clientEof_) {
      close();
      return true;
    }
    return false;
  }
  if (!begun_) {
    begun_ = true;
    firstByte_ = loop_.now();
    method_.clear();
    // Absolute, so that a byte now and then does not extend it.
    setDeadline(loop_.now() + std::min(config_->headerTimeout, config_->idleTimeout));
  }
  const auto outcome = requestParser_.parse(clientIn_.data(), request_);
  if (outcome == http::HeadParser::Outcome::kMore && !clientEof_) {
    return false;
  }
  const auto refuse = [&](int status, const char* why) {
    ending_ = "PR";
    keepAlive_ = false;
    respond(status, why);
    return true;
  };
  ++listener_->counters.requests;
  if (outcome == http::HeadParser::Outcome::kMore) {
    ending_ = "CR";
    keepAlive_ = false;
    respond(400, "the request's head is cut short");
    return true;
  }
  if (outcome == http::HeadParser::Outcome::kBad) {
    return refuse(requestParser_.problem().status, requestParser_.problem().reason);
  }
  headDone_ = loop_.now();
  method_ = request_.method;
  target_ = request_.target.substr(0, kLoggedTargetBytes);
  clientMinor_ = request_.minorVersion;
  const auto framing = http::framingOf(request_);
  if (!framing) {
    return refuse(framing.error().status, framing.error().reason);
  }
  if (method_ == "CONNECT") {
    return refuse(501, "CONNECT is for proxies");
  }
  if (!expectsWhatWeKnow(request_)) {
    return refuse(417, "only 100-continue can be expected");
  }
  const auto forwards = maxForwardsOf(request_);
  if (!forwards.valid) {
    return refuse(400, "Max-Forwards has to be one number");
  }
  requestBody_ = *framing;
  requestLeft_ = framing->length;
  requestChunks_.reset();
  keepAlive_ = http::keepsAlive(request_);
  clientCloses_ = !keepAlive_;
  upgrade_ = asksForUpgrade(request_, requestBody_);
  replayable_ = requestBody_.kind == http::BodyKind::kNone && !upgrade_ && http::isIdempotent(method_);

  if (forwards.given && forwards.left == 0) {
    answerInPlace();
    return true;
  }
  if (!choosePool()) {
    return true;
  }
  const bool sticks = config_->sticky.mode != state::Stickiness::kOff;
  if (sticks) {
    sticky_ = readSticky(request_.fields, config_->sticky, unixMilliseconds() / 1000);
  }
  std::string ownAddress;
  if (config_->forwardedAddress || request_.minorVersion == 0) {
    ownAddress = localEndpoint(client_.fd()).address.toString();
  }
  RequestRewrite how;
  how.framing = requestBody_;
  how.client = config_->forwardedFor ? std::string_view(clientText_) : std::string_view{};
  how.proto = config_->forwardedProto ? "http" : "";
  how.balancerId = config_->forwardedId ? std::string_view(listener_->shared().id) : std::string_view{};
  how.balancerAddress = config_->forwardedAddress ? std::string_view(ownAddress) : std::string_view{};
  how.fallbackHost = ownAddress;
  how.via = config_->via;
  how.maxForwards = forwards.given ? std::optional(forwards.left - 1) : std::nullopt;
  how.upgrade = upgrade_;
  how.sticky = sticks && config_->sticky.mode != state::Stickiness::kRewrite ? &config_->sticky : nullptr;
  std::string& head = listener_->scratch();
  writeRequestHead(request_, how, head);
  clientIn_.consume(requestParser_.consumed());
  if (clientIn_.empty()) {
    clientIn_.clear();
  }
  upOut_.clear();
  if (!upOut_.append(head)) {
    return refuse(431, "the head is too large to be passed on");
  }
  dispatch();
  return true;
}

// The request may go no further, so we are the one whom it asks. What TRACE would give back can be a secret of the
// client's that a script must not see, so it has no answer of ours.
void Session::answerInPlace() {
  clientIn_.consume(requestParser_.consumed());
  if (method_ == "TRACE") {
    ending_ = "PR";
    respond(501, "TRACE has no answer here");
  } else {
    ending_ = "LR";
    respond(200, "what this load balancer does with a request is up to its backends");
  }
}

// By the listener's rules. False: a redirect was the answer.
bool Session::choosePool() {
  const auto* rule =
      config_->rules.empty() ? nullptr : firstThatFits(config_->rules, askedOf(request_, clientEnd_.address));
  pool_ = rule == nullptr ? listener_->pools().front() : listener_->pool(rule->pool);
  if (rule == nullptr || rule->redirect.status == 0) {
    return true;
  }
  const std::string location = locationOf(rule->redirect, request_);
  clientIn_.consume(requestParser_.consumed());
  ending_ = "LR";
  respond(rule->redirect.status, location, location);
  return false;
}

// A body of known length goes out of the buffer it came into; so does a tunnel.
std::string_view Session::requestBodyInPlace() const {
  if (tunnels()) {
    return clientIn_.data();
  }
  if (requestBody_.kind != http::BodyKind::kLength) {
    return {};
  }
  return clientIn_.data().substr(0, std::min<std::uint64_t>(requestLeft_, clientIn_.size()));
}

// Has the client sent all of it, and has it been taken out of clientIn_?
bool Session::bodyComplete() const {
  switch (requestBody_.kind) {
    case http::BodyKind::kLength:
      return requestLeft_ == 0;
    case http::BodyKind::kChunked:
      return requestChunks_.done();
    default:
      return true;
  }
}

bool Session::requestSent() const {
  return bodyComplete() && upOut_.empty();
}

bool Session::moveRequest() {
  if (bodyComplete() || !upstream_ || upstreamDeaf_) {
    return false;
  }
  bool moved = false;
  if (requestBody_.kind == http::BodyKind::kChunked) {
    switch (requestChunks_.move(clientIn_, upOut_, false)) {
      case ChunkRelay::Outcome::kBad:
        if (responseBegun_) {
          clientLeft();
        } else {
          ending_ = "PD";
          keepAlive_ = false;
          respond(400, requestChunks_.reason());
        }
        return true;
      case ChunkRelay::Outcome::kMoved:
        moved = true;
        break;
      case ChunkRelay::Outcome::kNothing:
        break;
    }
  }
  if (clientEof_ && !bodyComplete() && clientIn_.empty() && upOut_.empty()) {
    // The body ends before its end. The backend must not take it for whole: its connection is reset, not closed.
    upstream_->socket.abort();
    ending_ = responseBegun_ ? "CD" : "CH";
    if (responseBegun_) {
      logExchange();
      abortBoth();
    } else {
      keepAlive_ = false;
      respond(400, "the request's body is cut short");
    }
    return true;
  }
  return moved;
}

bool Session::writeUpstream() {
  if (!upstream_ || upstreamDeaf_ || !upstream_->socket.writable()) {
    return false;
  }
  const auto body = requestBodyInPlace();
  if (upOut_.empty() && body.empty()) {
    return false;
  }
  std::size_t sent = 0;
  const auto outcome = upstream_->socket.send(upOut_.data(), body, sent);
  if (outcome == Transfer::kError) {
    upstreamDeaf_ = true;  // what it has answered already may still be read
    return true;
  }
  if (sent == 0) {
    return false;
  }
  upstreamBytes_ += sent;
  upstream_->backend->counters.bytesOut += sent;
  const std::size_t fromHead = std::min(sent, upOut_.size());
  upOut_.consume(fromHead);
  sent -= fromHead;
  clientIn_.consume(sent);
  requestLeft_ -= tunnels() ? 0 : sent;
  if (clientIn_.empty()) {
    clientIn_.clear();
  }
  // What may have to be sent again stays (rewind); everything else makes room.
  if (upOut_.empty() && !replayable_) {
    upOut_.clear();
  }
  return true;
}

}  // namespace vpclab::lb
