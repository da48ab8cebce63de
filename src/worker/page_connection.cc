#include "worker/page_connection.h"

#include "http/fields.h"
#include "http/framing.h"
#include "http/status.h"
#include "http/target.h"
#include "lb/log.h"

namespace vpclab::worker {

namespace {

constexpr base::Milliseconds kIdleTimeout{60'000};
constexpr base::Milliseconds kHeadTimeout{10'000};
constexpr base::Milliseconds kLingerTime{2000};
constexpr base::Milliseconds kDrainTime{5000};  // for a request that is on its way already
constexpr std::size_t kLoggedBytes = 256;
// So often a connection may go on in one round of the loop.
constexpr int kMostRounds = 32;

std::string cut(std::string_view text) {
  return std::string(text.substr(0, kLoggedBytes));
}

bool isPage(std::string_view target) {
  const auto parsed = http::parseTarget("GET", target);
  if (!parsed) {
    return false;
  }
  const auto path = parsed->path.substr(0, parsed->path.find('?'));
  return path.empty() || path == "/" || path == "/index.html";
}

}  // namespace

PageConnection::PageConnection(lb::EventLoop& loop, std::shared_ptr<PageSiteRuntime> site)
    : loop_(loop), site_(std::move(site)), socket_(loop), in_(site_->pool()), timer_(loop, [this] { close(); }) {}

void PageConnection::start(base::UniqueFd client, const lb::Endpoint& peer) {
  client_ = peer.address.toString();
  socket_.adopt(std::move(client), this);
  timer_.startIn(kIdleTimeout);
  pump();
  if (!closed_ && !socket_.watch()) {
    close();
  }
}

void PageConnection::closeIfIdle() {
  if (!answering_ && in_.empty()) {
    close();
  }
}

void PageConnection::drain() {
  if (!answering_ && in_.empty()) {
    timer_.startIn(kDrainTime);
  }
}

void PageConnection::onSocket(lb::Socket& /*socket*/) {
  pump();
}

// Others have their turn first.
void PageConnection::pumpSoon() {
  if (!pumpsSoon_) {
    pumpsSoon_ = true;
    loop_.soon([self = shared_from_this()] {
      self->pumpsSoon_ = false;
      self->pump();
    });
  }
}

void PageConnection::pump() {
  const auto keep = shared_from_this();
  int rounds = 0;
  for (bool again = true; again && !closed_;) {
    if (++rounds > kMostRounds) {
      pumpSoon();
      return;
    }
    again = read();
    if (!closed_ && !answering_ && !lingering_) {
      again = takeRequest() || again;
    }
    if (!closed_ && answering_) {
      again = write() || again;
    }
  }
}

bool PageConnection::read() {
  if (!socket_.readable() || answering_) {
    return false;
  }
  if (lingering_) {
    in_.clear();
  }
  in_.compact();
  if (in_.space() == 0) {
    return false;
  }
  const bool first = in_.empty();
  switch (socket_.receive(in_)) {
    case lb::Transfer::kProgress:
      if (first && !lingering_) {
        timer_.startIn(kHeadTimeout);
      }
      return true;
    case lb::Transfer::kBlocked:
      if (in_.empty()) {
        in_.release();
      }
      return false;
    default:
      close();
      return true;
  }
}

bool PageConnection::takeRequest() {
  if (in_.empty()) {
    return false;
  }
  switch (parser_.parse(in_.data(), request_)) {
    case http::HeadParser::Outcome::kMore:
      return false;
    case http::HeadParser::Outcome::kBad:
      request_ = {};
      keepAlive_ = false;
      answer(parser_.problem().status, parser_.problem().reason, false);
      return true;
    case http::HeadParser::Outcome::kDone:
      break;
  }
  const auto framing = http::framingOf(request_);
  // A page takes no body; where one comes, the connection ends with the answer.
  keepAlive_ = framing && framing->kind == http::BodyKind::kNone && !site_->retired() && http::keepsAlive(request_);
  const bool headOnly = request_.method == "HEAD";
  if (!framing) {
    answer(framing.error().status, framing.error().reason, headOnly);
  } else if (!headOnly && request_.method != "GET") {
    answer(405, "this page can be read only", false);
  } else if (!isPage(request_.target)) {
    answer(404, "there is / and /index.html", headOnly);
  } else {
    const auto& page = site_->site();
    head_ = "HTTP/1.1 200 OK\r\nContent-Type: " + page->contentType +
            "\r\nContent-Length: " + std::to_string(page->body.size()) + "\r\n";
    page_ = headOnly ? nullptr : page;
    answering_ = true;
    record(200, headOnly ? 0 : page->body.size());
  }
  if (!keepAlive_) {
    head_.insert(head_.find("\r\n") + 2, "Connection: close\r\n");
  } else if (request_.minorVersion == 0) {
    head_.insert(head_.find("\r\n") + 2, "Connection: keep-alive\r\n");
  }
  if (page_ || head_.find("\r\n\r\n") == std::string::npos) {
    head_ += "\r\n";
  }
  in_.consume(parser_.consumed());
  if (in_.empty()) {
    in_.release();
  }
  parser_.reset();
  timer_.startIn(kIdleTimeout);
  return true;
}

// An answer of a line of text.
void PageConnection::answer(int status, const std::string& text, bool headOnly) {
  const std::string body = text + "\n";
  head_ = "HTTP/1.1 " + std::to_string(status) + " " + std::string(http::reasonOf(status)) +
          "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
          (status == 405 ? "Allow: GET, HEAD\r\n" : "") + "\r\n" + (headOnly ? "" : body);
  page_ = nullptr;
  answering_ = true;
  record(status, headOnly ? 0 : body.size());
}

void PageConnection::record(int status, std::uint64_t bytes) {
  const auto value = [&](std::string_view name) { return cut(http::findField(request_.fields, name).value_or("")); };
  site_->record({0, lb::unixMilliseconds(), client_, cut(request_.method), cut(request_.target), status, bytes,
                 value("x-request-id"), value("user-agent"), value("x-forwarded-for")});
}

bool PageConnection::write() {
  if (!socket_.writable()) {
    return false;
  }
  const auto head = std::string_view(head_).substr(headSent_);
  const auto body = page_ ? std::string_view(page_->body).substr(bodySent_) : std::string_view{};
  std::size_t sent = 0;
  if (socket_.send(head, body, sent) == lb::Transfer::kError) {
    close();
    return true;
  }
  const std::size_t fromHead = std::min(sent, head.size());
  headSent_ += fromHead;
  bodySent_ += sent - fromHead;
  if (fromHead == head.size() && sent - fromHead == body.size()) {
    finish();
    return true;
  }
  if (sent > 0) {
    timer_.startIn(kIdleTimeout);
  }
  return sent > 0;
}

void PageConnection::finish() {
  answering_ = false;
  head_.clear();
  headSent_ = bodySent_ = 0;
  page_ = nullptr;
  if (!keepAlive_) {
    lingering_ = true;
    socket_.shutdownWrite();
    timer_.startIn(kLingerTime);
  } else if (site_->retired()) {
    drain();  // it began before
  }
}

void PageConnection::close() {
  if (closed_) {
    return;
  }
  closed_ = true;
  timer_.stop();
  socket_.close();
  site_->connectionEnded(this);
}

}  // namespace vpclab::worker
