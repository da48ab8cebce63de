#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/chunk_decoder.h"
#include "http/framing.h"
#include "http/message.h"

namespace vpclab::http {

// One HTTP/1.1 connection for a thread that may wait: the API between CLI and daemon, and probes. Works on any stream
// socket (Unix or TCP), blocking or not, which stays the caller's and has to outlive this object. Every call has a
// deadline. Not for two threads at once.
//
// A server:                                        A client:
//   Connection connection(fd);                       Connection connection(fd);
//   auto request = connection.readRequest(...);      connection.writeRequest(request, deadline);
//   if (!request) connection.refuse(deadline);       auto response = connection.readResponse("GET", max, deadline);
//   connection.writeResponse(response, deadline);
//
// A server that streams lines:                     Its client:
//   connection.beginResponse(head, deadline);        auto head = connection.readResponseHead("POST", deadline);
//   connection.writeChunk("{...}\n", deadline);      while (auto line = connection.readLine(max, deadline))
//   connection.endResponse(deadline);                  if (!*line) break;  // the end; otherwise **line
//
// Errors everywhere: kTimeout at the deadline; kNotFound where the peer closed before a message began; kProtocol where
// it sent what HTTP does not allow, or closed in the middle; kLimit where a body or line is larger than allowed;
// kSystem. After an error the connection is of no further use, but for refuse().
class Connection {
 public:
  explicit Connection(int fd, Limits limits = {}) : fd_(fd), limits_(limits) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // --- As a server.

  // The next request with its whole body. Answers "Expect: 100-continue" before it reads the body.
  base::Result<Request> readRequest(std::size_t maxBodyBytes, base::Deadline deadline);
  // Answers the request that readRequest refused with the fitting status (400, 413, 431, ...) as text/plain. Does
  // nothing where there is nobody to answer: the peer is gone.
  base::Result<> refuse(base::Deadline deadline);
  // A response with its whole body. "Connection: close" goes with it if keepsAlive() is false; no body goes to a HEAD.
  base::Result<> writeResponse(const Response& response, base::Deadline deadline);
  // The same in pieces, chunked (or until close for HTTP/1.0). The body of `head` is not looked at; an empty chunk
  // sends nothing.
  base::Result<> beginResponse(const Response& head, base::Deadline deadline);
  base::Result<> writeChunk(std::string_view data, base::Deadline deadline);
  base::Result<> endResponse(base::Deadline deadline);

  // --- As a client.

  base::Result<> writeRequest(const Request& request, base::Deadline deadline);
  // The response to a request of that method; interim (1xx) responses are skipped.
  base::Result<Response> readResponse(std::string_view method, std::size_t maxBodyBytes, base::Deadline deadline);
  // Only its head; the body follows by readSome or readLine.
  base::Result<Response> readResponseHead(std::string_view method, base::Deadline deadline);
  // The next piece of the body, of any size; nullopt at its end.
  base::Result<std::optional<std::string>> readSome(base::Deadline deadline);
  // The next line of the body without its line feed; nullopt at the end of the body. A last line without line feed
  // counts. For newline-delimited JSON.
  base::Result<std::optional<std::string>> readLine(std::size_t maxLineBytes, base::Deadline deadline);

  // --- Both.

  // May another message follow on this connection? Known once a message is complete.
  bool keepsAlive() const { return keepsAlive_; }
  int fd() const { return fd_; }

 private:
  template <class Head>
  base::Result<> readHead(Head& head, base::Deadline deadline);
  base::Result<std::size_t> fill(base::Deadline deadline);
  base::Result<> send(std::string_view data, base::Deadline deadline);
  base::Result<std::string> readBody(std::size_t maxBytes, base::Deadline deadline);
  tl::unexpected<base::Error> refused(Problem problem);

  int fd_;
  Limits limits_;
  std::string buffer_;  // received, not yet consumed
  std::string line_;    // the part of a line that was read so far
  Framing framing_;     // of the message being read
  std::uint64_t left_ = 0;
  bool bodyDone_ = true;
  ChunkDecoder decoder_;
  std::string method_;  // of the request being answered
  int minorVersion_ = 1;
  bool chunkedOut_ = false;
  bool keepsAlive_ = false;
  Problem problem_;
};

// One request and its response on a connected socket: sends "Connection: close" and a Host if there is none.
base::Result<Response> fetch(int fd, Request request, std::size_t maxBodyBytes, base::Deadline deadline);

}  // namespace vpclab::http
