#include <algorithm>

#include "http/fields.h"
#include "lb/rewrite.h"
#include "lb/session.h"

namespace vpclab::lb {

namespace {

constexpr int kMaxInterim = 32;  // 1xx responses before the final one
// What of a body has come with the head goes out with it in one piece if it is no more than this: to copy it costs less
// than to have the kernel look at a list of pieces.
constexpr std::size_t kCopiedBytes = 4096;

}  // namespace

bool Session::readUpstream() {
  if (!upstream_ || upstreamEof_ || !upstream_->socket.readable() || (phase_ == Phase::kExchange && responseEnded_)) {
    return false;
  }
  if (upIn_.space() < upIn_.consumed()) {
    upIn_.compact();
  }
  if (upIn_.space() == 0) {
    return false;
  }
  const std::size_t before = upIn_.size();
  switch (upstream_->socket.receive(upIn_)) {
    case Transfer::kProgress:
      upstream_->backend->counters.bytesIn += upIn_.size() - before;
      return true;
    case Transfer::kBlocked:
      return false;
    case Transfer::kEnd:
      upstreamEof_ = true;
      return true;
    case Transfer::kError:
      break;
  }
  if (tunnels()) {
    ending_ = "SD";
    logExchange();
    abortBoth();
  } else {
    upstreamFailed("the backend reset the connection");
  }
  return true;
}

bool Session::takeResponse() {
  if (responseBegun_ || !upstream_) {
    return false;
  }
  if (upIn_.empty()) {
    if (upstreamEof_) {
      upstreamFailed("the backend closed the connection without an answer");
      return true;
    }
    return false;
  }
  switch (responseParser_.parse(upIn_.data(), response_)) {
    case http::HeadParser::Outcome::kMore:
      if (upstreamEof_) {
        upstreamFailed("the backend closed in the middle of its answer's head");
        return true;
      }
      return false;
    case http::HeadParser::Outcome::kBad:
      badAnswer(responseParser_.problem().reason);
      return true;
    case http::HeadParser::Outcome::kDone:
      break;
  }
  if (response_.status >= 200) {
    return takeFinalHead();
  }
  if (response_.status == 101 ? !upgrade_ : ++interim_ > kMaxInterim) {
    badAnswer(response_.status == 101 ? "the backend switched protocols unasked" : "too many interim responses");
    return true;
  }
  // RFC 9110 section 15.2: interim responses are passed on, but not to HTTP/1.0, which does not know them.
  std::string head;
  if (response_.status == 101) {
    std::string cookie;
    ResponseRewrite how;
    bindClient(how, cookie);
    tellBinding(how, writeResponseHead(response_, how, head));
  } else if (clientMinor_ >= 1) {
    writeResponseHead(response_, {}, head);
  }
  clientOut_.compact();
  if (!clientOut_.append(head)) {
    --interim_;
    responseParser_.reset();  // it comes again, when there is room
    return false;
  }
  upIn_.consume(responseParser_.consumed());
  responseParser_.reset();
  if (response_.status == 101) {
    // Only now are these bytes no HTTP any more; what the client sent ahead has waited in clientIn_.
    status_ = 101;
    answeredAt_ = loop_.now();
    phase_ = Phase::kTunnel;
    replayable_ = false;
  }
  return true;
}

bool Session::takeFinalHead() {
  const auto framing = http::framingOf(response_, method_);
  if (!framing) {
    badAnswer(framing.error().reason);
    return true;
  }
  responseBody_ = *framing;
  responseLeft_ = framing->length;
  responseChunks_.reset();
  upstreamKeeps_ = http::keepsAlive(response_) && responseBody_.kind != http::BodyKind::kUntilClose;
  // An answer before the end of the request (after Expect, or an early refusal): where the rest of the request would
  // begin is no longer sure, so both connections end with it. RFC 9112 section 9.3.
  keepAlive_ = keepAlive_ && bodyComplete() && !lastAnswer();
  upstreamKeeps_ = upstreamKeeps_ && requestSent();
  clientBody_ = responseBody_.kind;
  if (responseBody_.kind == http::BodyKind::kUntilClose || responseBody_.kind == http::BodyKind::kChunked) {
    clientBody_ = clientMinor_ >= 1 ? http::BodyKind::kChunked : http::BodyKind::kUntilClose;
    keepAlive_ = keepAlive_ && clientMinor_ >= 1;
  }
  ResponseRewrite how;
  how.body = clientBody_;
  how.length = responseBody_.length;
  how.method = method_;
  how.clientMinorVersion = clientMinor_;
  how.keepAlive = keepAlive_;
  std::string cookie;
  bindClient(how, cookie);
  std::string& head = listener_->scratch();
  const bool named = writeResponseHead(response_, how, head);
  clientOut_.compact();
  if (!clientOut_.append(head)) {
    if (!clientOut_.empty()) {
      responseParser_.reset();
      return false;  // behind interim responses that are not out yet
    }
    badAnswer("the answer's head is too large");
    return true;
  }
  upIn_.consume(responseParser_.consumed());
  if (upIn_.empty()) {
    upIn_.clear();
  }
  tellBinding(how, named);
  status_ = response_.status;
  answeredAt_ = loop_.now();
  responseBegun_ = true;
  responseEnded_ = responseBody_.kind == http::BodyKind::kNone;
  if (requestSent()) {
    upOut_.clear();
  }
  const auto body = responseBodyInPlace();
  if (responseBody_.kind == http::BodyKind::kLength && body.size() <= kCopiedBytes && clientOut_.append(body)) {
    responseLeft_ -= body.size();
    responseEnded_ = responseLeft_ == 0;
    upIn_.consume(body.size());
    if (upIn_.empty()) {
      upIn_.clear();
    }
  }
  return true;
}

// Makes the answer keep its client with this backend; `cookie` holds what `how` then refers to.
void Session::bindClient(ResponseRewrite& how, std::string& cookie) const {
  if (config_->sticky.mode != state::Stickiness::kOff) {
    cookie = newCookie();
    how.sticky = &config_->sticky;
    how.stickyId = upstream_->backend->stickyId();
    how.newCookie = cookie;
  }
}

// For the log. `named`: a cookie of the backend's own was made to name it.
void Session::tellBinding(const ResponseRewrite& how, bool named) {
  if (how.sticky != nullptr) {
    responseCookie_ = named ? 'R' : how.newCookie.empty() ? 'N' : sticky_.id == how.stickyId ? 'U' : 'I';
  }
}

// That of an answer that binds its client to the backend, or binds it for longer; empty: it is bound already, or the
// cookie is the backends' own.
std::string Session::newCookie() const {
  const std::string& id = upstream_->backend->stickyId();
  const bool bound = sticky_.id == id && !sticky_.refresh;
  return config_->sticky.mode != state::Stickiness::kInsert || bound
             ? ""
             : insertedCookie(config_->sticky, id, unixMilliseconds() / 1000);
}

// What goes to the client out of the buffer it came into.
std::string_view Session::responseBodyInPlace() const {
  if (tunnels()) {
    return upIn_.data();
  }
  if (!responseBegun_ || !upstream_) {
    return {};
  }
  if (responseBody_.kind == http::BodyKind::kLength) {
    return upIn_.data().substr(0, std::min<std::uint64_t>(responseLeft_, upIn_.size()));
  }
  const bool plain = responseBody_.kind == http::BodyKind::kUntilClose && clientBody_ == http::BodyKind::kUntilClose;
  return plain ? upIn_.data() : std::string_view{};
}

bool Session::moveResponse() {
  if (!responseBegun_ || responseEnded_ || !upstream_) {
    return false;
  }
  bool moved = false;
  const bool untilClose = responseBody_.kind == http::BodyKind::kUntilClose;
  if (responseBody_.kind == http::BodyKind::kChunked) {
    const auto outcome = responseChunks_.move(upIn_, clientOut_, clientBody_ != http::BodyKind::kChunked);
    if (outcome == ChunkRelay::Outcome::kBad) {
      upstreamFailed("malformed chunks");
      return true;
    }
    moved = outcome == ChunkRelay::Outcome::kMoved;
    responseEnded_ = responseChunks_.done();
  } else if (untilClose && clientBody_ == http::BodyKind::kChunked) {
    moved = encodeChunk(upIn_, clientOut_);
  } else if (responseBody_.kind == http::BodyKind::kLength) {
    responseEnded_ = responseLeft_ == 0;
  }
  const bool waitsForRoom = responseBody_.kind == http::BodyKind::kChunked && responseChunks_.decoded();
  if (upstreamEof_ && upIn_.empty() && !responseEnded_ && !waitsForRoom) {
    if (!untilClose) {
      upstreamFailed("the backend closed in the middle of its answer");
      return true;
    }
    clientOut_.compact();
    responseEnded_ = clientBody_ != http::BodyKind::kChunked || clientOut_.append("0\r\n\r\n");
    moved = moved || responseEnded_;
  }
  return moved;
}

bool Session::writeClient() {
  if (!client_.writable() || phase_ == Phase::kLinger) {
    return false;
  }
  const auto body = responseBodyInPlace();
  if (clientOut_.empty() && body.empty()) {
    return false;
  }
  const bool ends = phase_ == Phase::kExchange && responseBegun_ &&
                    (responseEnded_ || (responseBody_.kind == http::BodyKind::kLength && responseLeft_ == body.size()));
  std::size_t sent = 0;
  if (client_.send(clientOut_.data(), body, sent, ends && !keepsClient()) == Transfer::kError) {
    clientLeft();
    return true;
  }
  if (sent == 0) {
    return false;
  }
  bytesToClient_ += sent;
  const std::size_t fromOut = std::min(sent, clientOut_.size());
  clientOut_.consume(fromOut);
  if (clientOut_.empty()) {
    clientOut_.clear();
  }
  sent -= fromOut;
  upIn_.consume(sent);
  if (upIn_.empty()) {
    upIn_.clear();
  }
  if (!tunnels() && responseBody_.kind == http::BodyKind::kLength && sent > 0) {
    responseLeft_ -= sent;
    responseEnded_ = responseLeft_ == 0;
  }
  return true;
}

bool Session::responseSent() const {
  return responseBegun_ && responseEnded_ && clientOut_.empty();
}

// One side has ended and everything it said is out: tell the other. Both have: done.
bool Session::forwardTunnelEnds() {
  bool did = false;
  if (clientEof_ && clientIn_.empty() && upOut_.empty() && !upstreamShut_) {
    upstream_->socket.shutdownWrite();
    upstreamShut_ = did = true;
  }
  if (upstreamEof_ && upIn_.empty() && clientOut_.empty() && !clientShut_) {
    client_.shutdownWrite();
    clientShut_ = did = true;
  }
  if ((upstreamShut_ && clientShut_) || upstreamDeaf_) {
    if (upstreamDeaf_) {
      ending_ = "SD";  // it has reset its connection
    }
    logExchange();
    if (upstreamDeaf_) {
      abortBoth();
    } else {
      close();
    }
    return true;
  }
  return did;
}

}  // namespace vpclab::lb
