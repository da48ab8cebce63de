#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

// HTTP/1.1 (RFC 9112) over a connected Unix stream socket, one exchange per connection. Both ends check every byte of
// the other. Every call returns at its deadline.
namespace vpclab::api {

struct HttpRequest {
  std::string method;
  std::string target;
  std::string body;
};

// The daemon's end. Does not own the socket, which must be non-blocking.
class ServerExchange {
 public:
  explicit ServerExchange(int socket) : socket_(socket) {}

  // Errors: kTimeout, kProtocol, kLimit (more than maxBodyBytes), kNotFound (closed before a request began).
  base::Result<HttpRequest> receive(std::size_t maxBodyBytes, base::Deadline deadline);
  // A whole response. For requests that were not understood.
  base::Result<> answer(int status, std::string_view json, base::Deadline deadline);
  // A response of lines, each sent as it comes.
  base::Result<> beginLines(base::Deadline deadline);
  base::Result<> sendLine(std::string_view line, base::Deadline deadline);
  base::Result<> endLines(base::Deadline deadline);
  // The client has closed its end or half of it: it wants no more to be done. Does not wait.
  bool clientHasClosed() const;

 private:
  int socket_;
  std::string received_;
};

// The client's end of a response of lines.
class ClientExchange {
 public:
  explicit ClientExchange(int socket) : socket_(socket) {}

  base::Result<> send(std::string_view target, std::string_view body, base::Deadline deadline);
  // Receives up to the end of the head. Returns the status.
  base::Result<int> receiveHead(base::Deadline deadline);
  // The next line, without its line feed. `wakeFd` (-1: none) readable: kCancelled, and the call may be repeated.
  // Errors: kNotFound at the response's proper end; kProtocol where it is cut short; kTimeout.
  base::Result<std::string> nextLine(int wakeFd, base::Deadline deadline);

 private:
  base::Result<> receiveMore(int wakeFd, base::Deadline deadline);

  int socket_;
  std::string received_;  // not decoded yet
  std::string lines_;     // decoded, not handed out yet
  bool chunked_ = false;
  bool done_ = false;
  std::size_t left_ = 0;  // body bytes to come where not chunked
  // State of the chunked coding between calls.
  struct Decoder;
  struct DecoderDeleter {
    void operator()(Decoder* decoder) const;
  };
  std::unique_ptr<Decoder, DecoderDeleter> decoder_;
};

}  // namespace vpclab::api
