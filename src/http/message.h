#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/framing.h"
#include "http/head.h"

namespace vpclab::http {

// Messages that own their text, for callers that read and write whole ones (blocking.h). Framing fields
// (Content-Length, Transfer-Encoding) are written from the body and are no business of the caller's.
using Headers = std::vector<std::pair<std::string, std::string>>;

// The first header of that name (any case); nullptr if there is none.
const std::string* findHeader(const Headers& headers, std::string_view name);

struct Request {
  std::string method = "GET";
  std::string target = "/";
  int minorVersion = 1;
  Headers headers;  // Host has to be among them
  std::string body;

  const std::string* header(std::string_view name) const { return findHeader(headers, name); }
};

struct Response {
  int status = 200;
  std::string reason;  // empty: the usual one
  int minorVersion = 1;
  Headers headers;
  std::string body;

  const std::string* header(std::string_view name) const { return findHeader(headers, name); }
};

Request ownedCopy(const RequestHead& head);
Response ownedCopy(const ResponseHead& head);

// Heads as text, the empty line included. Errors: kInvalid where a method, target or header could not be sent as such
// (a line feed in it, say), or is a framing field. kNone writes no framing field for a request, "Content-Length: 0" for
// a response that may have a body.
base::Result<std::string> serializeHead(const Request& request, Framing framing);
base::Result<std::string> serializeHead(const Response& response, Framing framing, std::string_view requestMethod);

// "1a\r\n" before a chunk's data; "\r\n" goes behind it. RFC 9112 section 7.1.
std::string chunkHeader(std::size_t size);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace vpclab::http
