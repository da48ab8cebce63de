#include "lb/rewrite.h"

#include <algorithm>
#include <array>

#include "http/fields.h"
#include "http/status.h"
#include "http/target.h"
#include "lb/stickiness.h"

namespace vpclab::lb {

namespace {

using http::equalsIgnoringCase;

constexpr std::string_view kViaName = "vpclab";

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// As it was sent where that was in the usual form, which most often it was: then it is one piece of the head.
void append(std::string& out, const http::Field& field) {
  const char* const behindName = field.name.data() + field.name.size();
  const char* const behindValue = field.value.data() + field.value.size();
  const bool usual = !field.value.empty() && field.value.data() == behindName + 2 && behindName[0] == ':' &&
                     behindName[1] == ' ' && behindValue[0] == '\r' && behindValue[1] == '\n';
  if (usual) {
    out.append(field.name.data(), field.name.size() + 2 + field.value.size() + 2);
  } else {
    append(out, field.name, field.value);
  }
}

bool isFraming(std::string_view name) {
  return equalsIgnoringCase(name, "content-length") || equalsIgnoringCase(name, "transfer-encoding");
}

// RFC 9110 section 7.6.1: no sender may list a field there that is meant for every recipient.
bool isProtected(std::string_view name) {
  static constexpr std::array<std::string_view, 15> kNames{
      "host",   "content-length", "transfer-encoding", "via",    "x-forwarded-for", "x-forwarded-proto", "forwarded",
      "cookie", "set-cookie",     "authorization",     "expect", "cache-control",   "content-type",      "qc-lbid",
      "qc-lbip"};
  return std::any_of(kNames.begin(), kNames.end(), [&](auto one) { return equalsIgnoringCase(one, name); });
}

// Does the field say what `name` says? To a program behind a CGI-like interface, which gets both as X_NAME, "x_name" is
// the same field as "x-name".
bool passesFor(std::string_view field, std::string_view name) {
  if (field.size() != name.size()) {
    return false;
  }
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (http::lower(field[i]) != name[i] && !(field[i] == '_' && name[i] == '-')) {
      return false;
    }
  }
  return true;
}

class HopFields {
 public:
  explicit HopFields(const http::Fields& fields) : fields_(fields) {
    for (const auto& field : fields) {
      if (equalsIgnoringCase(field.name, "connection")) {
        http::forEachElement(field.value, [&](std::string_view option) {
          anyNamed_ = anyNamed_ || !http::isHopByHop(option);  // e.g. keep-alive, with every answer of many a server
        });
      }
    }
  }
  bool has(std::string_view name) const {
    return http::isHopByHop(name) ||
           (anyNamed_ && http::listsElement(fields_, "connection", name) && !isProtected(name));
  }

 private:
  const http::Fields& fields_;
  bool anyNamed_ = false;
};

}  // namespace

void writeRequestHead(const http::RequestHead& head, const RequestRewrite& how, std::string& out) {
  const auto target = http::parseTarget(head.method, head.target);
  std::string_view path = head.target;
  std::string_view host = how.fallbackHost;
  if (const auto given = http::findField(head.fields, "host")) {
    host = *given;
  }
  out.append(head.method).append(" ");
  if (target && target->form == http::TargetForm::kAbsolute) {
    host = target->authority;
    path = target->path;
    if (path.empty() || path.front() == '?') {
      // RFC 9112 section 3.2.4: OPTIONS without a path means the server as a whole.
      out.append(head.method == "OPTIONS" && path.empty() ? "*" : "/");
    }
  }
  out.append(path).append(" HTTP/1.1\r\n");
  append(out, "Host", host);

  const HopFields hop(head.fields);
  bool hadLength = false;
  std::string forwardedFor;
  for (const auto& field : head.fields) {
    if (isFraming(field.name)) {
      hadLength = true;
      continue;
    }
    if (equalsIgnoringCase(field.name, "host") || hop.has(field.name)) {
      continue;
    }
    if (!how.client.empty() && passesFor(field.name, "x-forwarded-for")) {
      if (equalsIgnoringCase(field.name, "x-forwarded-for")) {
        forwardedFor.append(field.value).append(field.value.empty() ? "" : ", ");
      }
      continue;
    }
    if ((!how.proto.empty() && passesFor(field.name, "x-forwarded-proto")) ||
        (!how.balancerId.empty() && passesFor(field.name, "qc-lbid")) ||
        (!how.balancerAddress.empty() && passesFor(field.name, "qc-lbip"))) {
      continue;
    }
    if (how.sticky != nullptr && equalsIgnoringCase(field.name, "cookie")) {
      if (const std::string kept = cookieForBackend(field.value, *how.sticky); !kept.empty()) {
        append(out, field.name, kept);
      }
      continue;
    }
    if (how.maxForwards && equalsIgnoringCase(field.name, "max-forwards")) {
      append(out, field.name, std::to_string(*how.maxForwards));
      continue;
    }
    append(out, field);
  }
  if (!how.client.empty()) {
    append(out, "X-Forwarded-For", forwardedFor.append(how.client));
  }
  if (!how.proto.empty()) {
    append(out, "X-Forwarded-Proto", how.proto);
  }
  if (!how.balancerId.empty()) {
    append(out, "QC-LBID", how.balancerId);
  }
  if (!how.balancerAddress.empty()) {
    append(out, "QC-LBIP", how.balancerAddress);
  }
  if (how.via) {
    out.append("Via: 1.").append(head.minorVersion == 0 ? "0 " : "1 ").append(kViaName).append("\r\n");
  }
  if (how.framing.kind == http::BodyKind::kLength || (how.framing.kind == http::BodyKind::kNone && hadLength)) {
    append(out, "Content-Length", std::to_string(how.framing.length));
  } else if (how.framing.kind == http::BodyKind::kChunked) {
    append(out, "Transfer-Encoding", "chunked");
  }
  if (how.upgrade) {
    append(out, "Connection", "upgrade");
    for (const auto& field : head.fields) {
      if (equalsIgnoringCase(field.name, "upgrade")) {
        append(out, "Upgrade", field.value);
      }
    }
  }
  out.append("\r\n");
}

bool writeResponseHead(const http::ResponseHead& head, const ResponseRewrite& how, std::string& out) {
  out.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
  const HopFields hop(head.fields);
  // The length that a GET would have had is a property of the answer to HEAD, and of a 304: RFC 9110 section 8.6.
  const bool keepLength = how.body == http::BodyKind::kNone && head.status >= 200 && head.status != 204 &&
                          http::findField(head.fields, "content-length").has_value();
  bool lengthWritten = false;
  bool named = false;
  for (const auto& field : head.fields) {
    if (isFraming(field.name)) {
      if (keepLength && !lengthWritten && equalsIgnoringCase(field.name, "content-length")) {
        append(out, field.name, field.value.substr(0, field.value.find_first_of(", ")));
        lengthWritten = true;
      }
      continue;
    }
    if (head.status == 101 && equalsIgnoringCase(field.name, "upgrade")) {
      append(out, field);
      continue;
    }
    if (how.sticky != nullptr && equalsIgnoringCase(field.name, "set-cookie")) {
      append(out, field.name, setCookieForClient(field.value, *how.sticky, how.stickyId, named));
    } else if (!hop.has(field.name)) {
      append(out, field);
    }
  }
  if (!how.newCookie.empty()) {
    append(out, "Set-Cookie", how.newCookie);
    append(out, "Cache-Control", "private");  // a cache must not give one client's cookie to another
  }
  if (head.status == 101) {
    append(out, "Connection", "upgrade");
  } else if (head.status >= 200) {
    if (how.body == http::BodyKind::kLength) {
      append(out, "Content-Length", std::to_string(how.length));
    } else if (how.body == http::BodyKind::kChunked) {
      append(out, "Transfer-Encoding", "chunked");
    }
    if (!how.keepAlive) {
      append(out, "Connection", "close");
    } else if (how.clientMinorVersion == 0) {
      append(out, "Connection", "keep-alive");
    }
  }
  out.append("\r\n");
  return named;
}

bool asksForUpgrade(const http::RequestHead& head, const http::Framing& framing) {
  return head.minorVersion >= 1 && framing.kind == http::BodyKind::kNone &&
         http::listsElement(head.fields, "connection", "upgrade") &&
         !http::findField(head.fields, "upgrade").value_or("").empty() &&
         !http::listsElement(head.fields, "upgrade", "h2c");
}

std::string ownResponse(int status, std::string_view text, bool keepAlive, bool withBody, std::string_view location) {
  const std::string body =
      std::to_string(status) + " " + std::string(http::reasonOf(status)) + ": " + std::string(text) + "\n";
  std::string out = "HTTP/1.1 " + std::to_string(status) + " " + std::string(http::reasonOf(status)) +
                    "\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n" +
                    (location.empty() ? "" : "Location: " + std::string(location) + "\r\n") +
                    (keepAlive ? "" : "Connection: close\r\n") + "\r\n";
  return withBody ? out + body : out;
}

}  // namespace vpclab::lb
