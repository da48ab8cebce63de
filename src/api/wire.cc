#include "api/wire.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <poll.h>
#include <sys/socket.h>

#include "http/chunk_decoder.h"
#include "http/framing.h"
#include "http/head.h"

namespace vpclab::api {

using base::ErrorKind;

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
// A line that never ends must not fill the memory.
constexpr std::size_t kMaxLineBytes = 64U << 20U;
constexpr const char* kHost = "Host: vpclabd\r\n";

base::Result<> waitFor(int socket, short events, int wakeFd, base::Deadline deadline, const char* what) {
  for (;;) {
    std::array<pollfd, 2> entries{pollfd{socket, events, 0}, pollfd{wakeFd, POLLIN, 0}};
    const int ready = ::poll(entries.data(), entries.size(), deadline.pollTimeout());
    if (ready > 0) {
      if (entries[1].revents != 0) {
        return base::fail(ErrorKind::kCancelled, what);
      }
      return {};
    }
    if (ready == 0) {
      return base::fail(ErrorKind::kTimeout, std::string(what) + ": no answer in time");
    }
    if (errno != EINTR) {
      return base::failErrno(what);
    }
  }
}

base::Result<> sendAll(int socket, std::string_view data, base::Deadline deadline) {
  while (!data.empty()) {
    const ssize_t n = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (auto ready = waitFor(socket, POLLOUT, -1, deadline, "send"); !ready) {
        return ready;
      }
    } else if (errno != EINTR) {
      return base::failErrno("send");
    }
  }
  return {};
}

// Appends what has come. Errors: kNotFound where the peer has closed.
base::Result<> receiveSome(int socket, std::string& into, int wakeFd, base::Deadline deadline) {
  std::array<char, kReadBytes> buffer;
  for (;;) {
    const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(n));
      return {};
    }
    if (n == 0) {
      return base::fail(ErrorKind::kNotFound, "receive: the peer has closed the connection");
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (auto ready = waitFor(socket, POLLIN, wakeFd, deadline, "receive"); !ready) {
        return ready;
      }
    } else if (errno != EINTR) {
      return base::failErrno("receive");
    }
  }
}

const char* reasonOf(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

base::Result<HttpRequest> ServerExchange::receive(std::size_t maxBodyBytes, base::Deadline deadline) {
  http::HeadParser parser;
  http::RequestHead head;
  for (;;) {
    const auto outcome = parser.parse(received_, head);
    if (outcome == http::HeadParser::Outcome::kDone) {
      break;
    }
    if (outcome == http::HeadParser::Outcome::kBad) {
      return base::fail(ErrorKind::kProtocol, std::string("request: ") + parser.problem().reason);
    }
    if (auto more = receiveSome(socket_, received_, -1, deadline); !more) {
      return base::fail(std::move(more.error()));
    }
  }
  const auto framing = http::framingOf(head);
  if (!framing || framing->kind == http::BodyKind::kChunked) {
    return base::fail(ErrorKind::kProtocol, "request: a body must come with its Content-Length");
  }
  const std::uint64_t length = framing->kind == http::BodyKind::kLength ? framing->length : 0;
  if (length > maxBodyBytes) {
    return base::fail(ErrorKind::kLimit, "request: " + std::to_string(length) + " bytes are more than the limit of " +
                                             std::to_string(maxBodyBytes));
  }
  // The head's views end with the buffer's next growth.
  HttpRequest request{std::string(head.method), std::string(head.target), received_.substr(parser.consumed())};
  received_.clear();
  while (request.body.size() < length) {
    if (auto more = receiveSome(socket_, request.body, -1, deadline); !more) {
      return base::fail(ErrorKind::kProtocol, "request: cut short: " + more.error().message());
    }
  }
  if (request.body.size() > length) {
    return base::fail(ErrorKind::kProtocol, "request: more bytes than its Content-Length says");
  }
  return request;
}

base::Result<> ServerExchange::answer(int status, std::string_view json, base::Deadline deadline) {
  std::string out =
      "HTTP/1.1 " + std::to_string(status) + " " + reasonOf(status) +
      "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + std::to_string(json.size()) +
      "\r\n\r\n";
  out += json;
  return sendAll(socket_, out, deadline);
}

base::Result<> ServerExchange::beginLines(base::Deadline deadline) {
  return sendAll(socket_,
                 "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n",
                 deadline);
}

base::Result<> ServerExchange::sendLine(std::string_view line, base::Deadline deadline) {
  std::array<char, 32> size{};
  (void)std::snprintf(size.data(), size.size(), "%zx\r\n", line.size() + 1);
  std::string out = size.data();
  out += line;
  out += "\n\r\n";
  return sendAll(socket_, out, deadline);
}

base::Result<> ServerExchange::endLines(base::Deadline deadline) {
  return sendAll(socket_, "0\r\n\r\n", deadline);
}

bool ServerExchange::clientHasClosed() const {
  pollfd entry{socket_, POLLRDHUP, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

struct ClientExchange::Decoder {
  http::ChunkDecoder chunks;
};

void ClientExchange::DecoderDeleter::operator()(Decoder* decoder) const {
  delete decoder;
}

base::Result<> ClientExchange::send(std::string_view target, std::string_view body, base::Deadline deadline) {
  std::string out = "POST ";
  out += target;
  out += " HTTP/1.1\r\n";
  out += kHost;
  out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  if (auto sent = sendAll(socket_, out, deadline); !sent) {
    return sent;
  }
  return sendAll(socket_, body, deadline);
}

base::Result<int> ClientExchange::receiveHead(base::Deadline deadline) {
  http::HeadParser parser;
  http::ResponseHead head;
  for (;;) {
    const auto outcome = parser.parse(received_, head);
    if (outcome == http::HeadParser::Outcome::kDone) {
      break;
    }
    if (outcome == http::HeadParser::Outcome::kBad) {
      return base::fail(ErrorKind::kProtocol, std::string("response: ") + parser.problem().reason);
    }
    if (auto more = receiveSome(socket_, received_, -1, deadline); !more) {
      return base::fail(std::move(more.error()));
    }
  }
  const auto framing = http::framingOf(head, "POST");
  if (!framing || framing->kind == http::BodyKind::kUntilClose) {
    return base::fail(ErrorKind::kProtocol, "response: it does not say where it ends");
  }
  chunked_ = framing->kind == http::BodyKind::kChunked;
  left_ = framing->kind == http::BodyKind::kLength ? static_cast<std::size_t>(framing->length) : 0;
  if (chunked_) {
    decoder_.reset(new Decoder);
  }
  const int status = head.status;
  received_.erase(0, parser.consumed());
  return status;
}

base::Result<> ClientExchange::receiveMore(int wakeFd, base::Deadline deadline) {
  if (received_.empty()) {
    if (auto more = receiveSome(socket_, received_, wakeFd, deadline); !more) {
      return more.error().kind() == ErrorKind::kNotFound
                 ? base::fail(ErrorKind::kProtocol, "response: the daemon closed the connection in the middle of it")
                 : base::fail(std::move(more.error()));
    }
  }
  if (!chunked_) {
    const std::size_t taken = std::min(left_, received_.size());
    lines_.append(received_, 0, taken);
    received_.erase(0, taken);
    left_ -= taken;
    done_ = left_ == 0;
    return {};
  }
  std::string_view input = received_;
  for (;;) {
    const auto step = decoder_->chunks.next(input);
    lines_ += step.data;
    input.remove_prefix(step.consumed);
    if (step.outcome == http::ChunkDecoder::Outcome::kBad) {
      return base::fail(ErrorKind::kProtocol, std::string("response: ") + decoder_->chunks.problem().reason);
    }
    if (step.outcome == http::ChunkDecoder::Outcome::kData) {
      continue;
    }
    done_ = step.outcome == http::ChunkDecoder::Outcome::kDone;
    received_.clear();
    return {};
  }
}

base::Result<std::string> ClientExchange::nextLine(int wakeFd, base::Deadline deadline) {
  for (;;) {
    const auto end = lines_.find('\n');
    if (end != std::string::npos || (done_ && !lines_.empty())) {
      std::string line = lines_.substr(0, end);
      lines_.erase(0, end == std::string::npos ? end : end + 1);
      return line;
    }
    if (done_ || (!chunked_ && left_ == 0)) {
      return base::fail(ErrorKind::kNotFound, "response: no more lines");
    }
    if (lines_.size() > kMaxLineBytes) {
      return base::fail(ErrorKind::kLimit, "response: a line is longer than " + std::to_string(kMaxLineBytes));
    }
    if (auto more = receiveMore(wakeFd, deadline); !more) {
      return base::fail(std::move(more.error()));
    }
  }
}

}  // namespace vpclab::api
