#include "http/blocking.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

#include "http/fields.h"
#include "http/status.h"

namespace vpclab::http {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::size_t kReadBytes = 16 * 1024;

Result<> waitFor(int fd, short events, Deadline deadline, const char* what) {
  for (;;) {
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, deadline.pollTimeout());
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return fail(ErrorKind::kTimeout, std::string(what) + ": no progress before the deadline");
    }
    if (errno != EINTR) {
      return base::failErrno(what);
    }
  }
}

bool wantsContinue(const RequestHead& head) {
  return head.minorVersion >= 1 && listsElement(head.fields, FieldKind::kExpect, "100-continue");
}

}  // namespace

tl::unexpected<base::Error> Connection::refused(Problem problem) {
  problem_ = problem;
  keepsAlive_ = false;
  return fail(problem.status == 413 ? ErrorKind::kLimit : ErrorKind::kProtocol,
              std::string("read an HTTP message: ") + problem.reason);
}

// Appends to buffer_; 0 at the end of the stream.
Result<std::size_t> Connection::fill(Deadline deadline) {
  std::array<char, kReadBytes> bytes;
  for (;;) {
    const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n >= 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(n));
      return static_cast<std::size_t>(n);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (auto ready = waitFor(fd_, POLLIN, deadline, "read an HTTP message"); !ready) {
        if (ready.error().kind() == ErrorKind::kTimeout && !buffer_.empty()) {
          problem_ = {408, "the request did not come in time"};
        }
        return fail(std::move(ready.error()));
      }
    } else if (errno != EINTR) {
      return base::failErrno("read an HTTP message");
    }
    if (deadline.passed()) {
      return fail(ErrorKind::kTimeout, "read an HTTP message: no progress before the deadline");
    }
  }
}

Result<> Connection::send(std::string_view data, Deadline deadline) {
  while (!data.empty()) {
    const ssize_t n = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (auto ready = waitFor(fd_, POLLOUT, deadline, "write an HTTP message"); !ready) {
        return ready;
      }
    } else if (errno != EINTR) {
      return base::failErrno("write an HTTP message");
    }
  }
  return {};
}

// Leaves the head's bytes at the front of buffer_, since `head` points into them; the caller removes them.
template <class Head>
Result<> Connection::readHead(Head& head, Deadline deadline) {
  HeadParser parser(limits_);
  problem_ = {};
  keepsAlive_ = false;
  for (;;) {
    switch (parser.parse(buffer_, head)) {
      case HeadParser::Outcome::kBad:
        return refused(parser.problem());
      case HeadParser::Outcome::kDone: {
        // The views were made for this very buffer, which does not move until the caller cuts it.
        left_ = parser.consumed();
        return {};
      }
      case HeadParser::Outcome::kMore:
        break;
    }
    const auto got = fill(deadline);
    if (!got) {
      return fail(got.error());
    }
    if (*got == 0) {
      return buffer_.empty() ? fail(ErrorKind::kNotFound, "read an HTTP message: the peer has closed")
                             : fail(ErrorKind::kProtocol, "read an HTTP message: the peer closed in the middle");
    }
  }
}

Result<Request> Connection::readRequest(std::size_t maxBodyBytes, Deadline deadline) {
  RequestHead head;
  if (auto done = readHead(head, deadline); !done) {
    return fail(std::move(done.error()));
  }
  const auto framing = framingOf(head);
  if (!framing) {
    return refused(framing.error());
  }
  method_ = head.method;
  minorVersion_ = head.minorVersion;
  const bool keep = http::keepsAlive(head);
  const bool expects = wantsContinue(head);
  Request request = ownedCopy(head);
  buffer_.erase(0, left_);
  framing_ = *framing;
  if (framing_.kind == BodyKind::kLength && framing_.length > maxBodyBytes) {
    return refused({413, "body too large"});
  }
  if (expects && framing_.kind != BodyKind::kNone && buffer_.empty()) {
    if (auto sent = send("HTTP/1.1 100 Continue\r\n\r\n", deadline); !sent) {
      return fail(std::move(sent.error()));
    }
  }
  auto body = readBody(maxBodyBytes, deadline);
  if (!body) {
    return fail(std::move(body.error()));
  }
  request.body = std::move(*body);
  keepsAlive_ = keep;
  return request;
}

Result<> Connection::refuse(Deadline deadline) {
  if (problem_.status == 0) {
    return {};
  }
  keepsAlive_ = false;
  minorVersion_ = 1;
  Response response;
  response.status = problem_.status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = std::string(problem_.reason) + "\n";
  return writeResponse(response, deadline);
}

Result<> Connection::writeResponse(const Response& response, Deadline deadline) {
  Response head{response.status, response.reason, 1, response.headers, {}};
  if (!keepsAlive_) {
    head.headers.emplace_back("Connection", "close");
  } else if (minorVersion_ == 0) {
    head.headers.emplace_back("Connection", "keep-alive");
  }
  const bool bodyAllowed = response.status >= 200 && response.status != 204 && response.status != 304;
  const Framing framing{response.body.empty() || !bodyAllowed ? BodyKind::kNone : BodyKind::kLength,
                        response.body.size()};
  auto text = serializeHead(head, framing, method_);
  if (!text) {
    return fail(std::move(text.error()));
  }
  if (framing.kind == BodyKind::kLength && method_ != "HEAD") {
    *text += response.body;
  }
  return send(*text, deadline);
}

Result<> Connection::beginResponse(const Response& head, Deadline deadline) {
  Response copy{head.status, head.reason, 1, head.headers, {}};
  chunkedOut_ = minorVersion_ >= 1;
  keepsAlive_ = keepsAlive_ && chunkedOut_;
  if (!keepsAlive_) {
    copy.headers.emplace_back("Connection", "close");
  }
  auto text = serializeHead(copy, {chunkedOut_ ? BodyKind::kChunked : BodyKind::kUntilClose, 0}, method_);
  if (!text) {
    return fail(std::move(text.error()));
  }
  return send(*text, deadline);
}

Result<> Connection::writeChunk(std::string_view data, Deadline deadline) {
  if (data.empty() || method_ == "HEAD") {
    return {};
  }
  if (!chunkedOut_) {
    return send(data, deadline);
  }
  return send(chunkHeader(data.size()).append(data).append("\r\n"), deadline);
}

Result<> Connection::endResponse(Deadline deadline) {
  return chunkedOut_ && method_ != "HEAD" ? send(kLastChunk, deadline) : Result<>{};
}

Result<> Connection::writeRequest(const Request& request, Deadline deadline) {
  const Framing framing{request.body.empty() ? BodyKind::kNone : BodyKind::kLength, request.body.size()};
  auto text = serializeHead(request, framing);
  if (!text) {
    return fail(std::move(text.error()));
  }
  return send(*text += request.body, deadline);
}

Result<Response> Connection::readResponseHead(std::string_view method, Deadline deadline) {
  for (;;) {
    ResponseHead head;
    if (auto done = readHead(head, deadline); !done) {
      return fail(std::move(done.error()));
    }
    const auto framing = framingOf(head, method);
    if (!framing) {
      return refused(framing.error());
    }
    if (head.status == 101) {
      return refused({502, "switched protocols unasked"});
    }
    keepsAlive_ = http::keepsAlive(head) && framing->kind != BodyKind::kUntilClose;
    Response response = ownedCopy(head);
    buffer_.erase(0, left_);
    if (response.status < 200) {
      continue;  // interim, RFC 9110 section 15.2
    }
    framing_ = *framing;
    left_ = framing_.length;
    bodyDone_ = framing_.kind == BodyKind::kNone;
    decoder_.reset();
    line_.clear();
    return response;
  }
}

Result<Response> Connection::readResponse(std::string_view method, std::size_t maxBodyBytes, Deadline deadline) {
  auto response = readResponseHead(method, deadline);
  if (!response) {
    return response;
  }
  if (framing_.kind == BodyKind::kLength && framing_.length > maxBodyBytes) {
    return refused({413, "body too large"});
  }
  auto body = readBody(maxBodyBytes, deadline);
  if (!body) {
    return fail(std::move(body.error()));
  }
  response->body = std::move(*body);
  return response;
}

Result<std::string> Connection::readBody(std::size_t maxBytes, Deadline deadline) {
  left_ = framing_.length;
  bodyDone_ = framing_.kind == BodyKind::kNone;
  decoder_.reset();
  std::string body;
  for (;;) {
    auto part = readSome(deadline);
    if (!part) {
      return fail(std::move(part.error()));
    }
    if (!*part) {
      return body;
    }
    if ((*part)->size() > maxBytes - body.size()) {
      return refused({413, "body too large"});
    }
    body += **part;
  }
}

Result<std::optional<std::string>> Connection::readSome(Deadline deadline) {
  std::string out;
  while (!bodyDone_ && out.empty()) {
    if (buffer_.empty()) {
      const auto got = fill(deadline);
      if (!got) {
        keepsAlive_ = false;
        return fail(got.error());
      }
      if (*got == 0) {
        keepsAlive_ = false;
        if (framing_.kind != BodyKind::kUntilClose) {
          return fail(ErrorKind::kProtocol, "read an HTTP message: the peer closed in the middle of the body");
        }
        bodyDone_ = true;
        break;
      }
    }
    std::size_t used = buffer_.size();
    if (framing_.kind == BodyKind::kChunked) {
      used = 0;
      for (bool more = true; more;) {
        const auto step = decoder_.next(std::string_view(buffer_).substr(used));
        used += step.consumed;
        out += step.data;
        if (step.outcome == ChunkDecoder::Outcome::kBad) {
          return refused(decoder_.problem());
        }
        bodyDone_ = step.outcome == ChunkDecoder::Outcome::kDone;
        more = step.outcome == ChunkDecoder::Outcome::kData;
      }
    } else {
      if (framing_.kind == BodyKind::kLength) {
        used = std::min<std::uint64_t>(left_, used);
        left_ -= used;
        bodyDone_ = left_ == 0;
      }
      out = buffer_.substr(0, used);
    }
    buffer_.erase(0, used);
  }
  if (out.empty()) {
    return std::nullopt;
  }
  return out;
}

Result<std::optional<std::string>> Connection::readLine(std::size_t maxLineBytes, Deadline deadline) {
  std::size_t searched = 0;
  for (;;) {
    const auto at = line_.find('\n', searched);
    if (std::min(at, line_.size()) > maxLineBytes) {
      return fail(ErrorKind::kLimit, "read a line: longer than " + std::to_string(maxLineBytes) + " bytes");
    }
    if (at != std::string::npos) {
      std::string out = line_.substr(0, at);
      line_.erase(0, at + 1);
      return out;
    }
    searched = line_.size();
    auto part = readSome(deadline);
    if (!part) {
      return fail(std::move(part.error()));
    }
    if (!*part) {
      return line_.empty() ? std::nullopt : std::optional<std::string>(std::exchange(line_, {}));
    }
    line_ += **part;
  }
}

Result<Response> fetch(int fd, Request request, std::size_t maxBodyBytes, Deadline deadline) {
  if (request.header("host") == nullptr) {
    request.headers.insert(request.headers.begin(), {"Host", "localhost"});
  }
  request.headers.emplace_back("Connection", "close");
  Connection connection(fd);
  if (auto sent = connection.writeRequest(request, deadline); !sent) {
    return fail(std::move(sent.error()));
  }
  return connection.readResponse(request.method, maxBodyBytes, deadline);
}

}  // namespace vpclab::http
