#include "http/message.h"

#include <array>
#include <charconv>

#include "http/chars.h"
#include "http/status.h"
#include "http/target.h"

namespace vpclab::http {

namespace {

using base::ErrorKind;

Headers ownedCopy(const Fields& fields) {
  Headers headers;
  headers.reserve(fields.size());
  for (const auto& field : fields) {
    headers.emplace_back(field.name, field.value);
  }
  return headers;
}

base::Result<> appendHeaders(std::string& out, const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!isToken(name) || !allOf(value, kFieldValue) || trimmed(value).size() != value.size()) {
      return base::fail(ErrorKind::kInvalid, "write an HTTP head: header " + name + " cannot be sent as it is");
    }
    if (equalsIgnoringCase(name, "content-length") || equalsIgnoringCase(name, "transfer-encoding")) {
      return base::fail(ErrorKind::kInvalid, "write an HTTP head: " + name + " follows from the body");
    }
    out.append(name).append(": ").append(value).append("\r\n");
  }
  return {};
}

void appendFraming(std::string& out, Framing framing) {
  if (framing.kind == BodyKind::kLength) {
    out.append("Content-Length: ").append(std::to_string(framing.length)).append("\r\n");
  } else if (framing.kind == BodyKind::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
}

}  // namespace

const std::string* findHeader(const Headers& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (equalsIgnoringCase(header.first, name)) {
      return &header.second;
    }
  }
  return nullptr;
}

Request ownedCopy(const RequestHead& head) {
  return {std::string(head.method), std::string(head.target), head.minorVersion, ownedCopy(head.fields), {}};
}

Response ownedCopy(const ResponseHead& head) {
  return {head.status, std::string(head.reason), head.minorVersion, ownedCopy(head.fields), {}};
}

base::Result<std::string> serializeHead(const Request& request, Framing framing) {
  if (!isToken(request.method) || !parseTarget(request.method, request.target)) {
    return base::fail(ErrorKind::kInvalid, "write an HTTP request: bad method or target");
  }
  std::string out =
      request.method + " " + request.target + " HTTP/1." + (request.minorVersion == 0 ? "0" : "1") + "\r\n";
  if (auto done = appendHeaders(out, request.headers); !done) {
    return base::fail(std::move(done.error()));
  }
  appendFraming(out, framing);
  return out.append("\r\n");
}

base::Result<std::string> serializeHead(const Response& response, Framing framing, std::string_view requestMethod) {
  if (response.status < 100 || response.status > 599 || !allOf(response.reason, kFieldValue)) {
    return base::fail(ErrorKind::kInvalid, "write an HTTP response: bad status or reason");
  }
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    (response.reason.empty() ? std::string(reasonOf(response.status)) : response.reason) + "\r\n";
  if (auto done = appendHeaders(out, response.headers); !done) {
    return base::fail(std::move(done.error()));
  }
  appendFraming(out, framing);
  const bool mayHaveBody = response.status >= 200 && response.status != 204 && response.status != 304;
  if (framing.kind == BodyKind::kNone && mayHaveBody && requestMethod != "HEAD") {
    out.append("Content-Length: 0\r\n");
  }
  return out.append("\r\n");
}

std::string chunkHeader(std::size_t size) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size() - 2, size, 16);
  *end.ptr = '\r';
  *(end.ptr + 1) = '\n';
  return {text.data(), static_cast<std::size_t>(end.ptr - text.data()) + 2};
}

}  // namespace vpclab::http
