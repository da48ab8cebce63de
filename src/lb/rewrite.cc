#include "lb/rewrite.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "http/fields.h"
#include "http/status.h"
#include "lb/stickiness.h"

namespace vpclab::lb {

namespace {

using http::equalsIgnoringCase;
using http::FieldKind;

constexpr std::string_view kViaName = "vpclab";

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void appendNumber(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void appendLength(std::string& out, std::uint64_t length) {
  out.append("Content-Length: ");
  appendNumber(out, length);
  out.append("\r\n");
}

// Fields that are passed on as they are. Those that were sent behind each other in the usual form, which most often is
// all of them, go as one piece.
class Unchanged {
 public:
  explicit Unchanged(std::string& out) : out_(out) {}

  void add(const http::Field& field) {
    const char* const behindName = field.name.data() + field.name.size();
    const char* const behindValue = field.value.data() + field.value.size();
    const bool usual = !field.value.empty() && field.value.data() == behindName + 2 && behindName[0] == ':' &&
                       behindName[1] == ' ' && behindValue[0] == '\r' && behindValue[1] == '\n';
    if (!usual) {
      flush();
      append(out_, field.name, field.value);
      return;
    }
    if (field.name.data() != end_) {
      flush();
      begin_ = field.name.data();
    }
    end_ = behindValue + 2;
  }
  // To be called before anything else is written.
  void flush() {
    out_.append(begin_, static_cast<std::size_t>(end_ - begin_));
    begin_ = end_ = nullptr;
  }

 private:
  std::string& out_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
};

bool isFraming(FieldKind kind) {
  return kind == FieldKind::kContentLength || kind == FieldKind::kTransferEncoding;
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

// Whether the field is for this hop only.
template <class Head>
bool isOfHop(const http::Field& field, const Head& head) {
  return http::isHopByHop(field.kind) ||
         (head.connection.others && http::listsElement(head.fields, FieldKind::kConnection, field.name) &&
          !isProtected(field.name));
}

}  // namespace

void writeRequestHead(const http::RequestHead& head, const RequestRewrite& how, std::string& out) {
  std::string_view path = head.target;
  std::string_view host = http::findField(head.fields, FieldKind::kHost).value_or(how.fallbackHost);
  out.append(head.method).append(" ");
  if (head.parts.form == http::TargetForm::kAbsolute) {
    host = head.parts.authority;
    path = head.parts.path;
    if (path.empty() || path.front() == '?') {
      // RFC 9112 section 3.2.4: OPTIONS without a path means the server as a whole.
      out.append(head.method == "OPTIONS" && path.empty() ? "*" : "/");
    }
  }
  out.append(path).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n");

  bool hadLength = false;
  std::string forwardedFor;
  Unchanged unchanged(out);
  for (const auto& field : head.fields) {
    if (isFraming(field.kind)) {
      hadLength = true;
      continue;
    }
    if (field.kind == FieldKind::kHost || isOfHop(field, head)) {
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
    if (how.sticky != nullptr && field.kind == FieldKind::kCookie) {
      if (const std::string kept = cookieForBackend(field.value, *how.sticky); !kept.empty()) {
        unchanged.flush();
        append(out, field.name, kept);
      }
      continue;
    }
    if (how.maxForwards && field.kind == FieldKind::kMaxForwards) {
      unchanged.flush();
      append(out, field.name, std::to_string(*how.maxForwards));
      continue;
    }
    unchanged.add(field);
  }
  unchanged.flush();
  if (!how.client.empty()) {
    out.append("X-Forwarded-For: ").append(forwardedFor).append(how.client).append("\r\n");
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
    out.append(head.minorVersion == 0 ? "Via: 1.0 " : "Via: 1.1 ").append(kViaName).append("\r\n");
  }
  if (how.framing.kind == http::BodyKind::kLength || (how.framing.kind == http::BodyKind::kNone && hadLength)) {
    appendLength(out, how.framing.length);
  } else if (how.framing.kind == http::BodyKind::kChunked) {
    append(out, "Transfer-Encoding", "chunked");
  }
  if (how.upgrade) {
    append(out, "Connection", "upgrade");
    for (const auto& field : head.fields) {
      if (field.kind == FieldKind::kUpgrade) {
        append(out, "Upgrade", field.value);
      }
    }
  }
  out.append("\r\n");
}

bool writeResponseHead(const http::ResponseHead& head, const ResponseRewrite& how, std::string& out) {
  out.append("HTTP/1.1 ");
  appendNumber(out, static_cast<std::uint64_t>(head.status));
  out.append(" ").append(head.reason).append("\r\n");
  // The length that a GET would have had is a property of the answer to HEAD, and of a 304: RFC 9110 section 8.6.
  const bool keepLength = how.body == http::BodyKind::kNone && head.status >= 200 && head.status != 204 &&
                          http::findField(head.fields, FieldKind::kContentLength).has_value();
  bool lengthWritten = false;
  bool named = false;
  Unchanged unchanged(out);
  for (const auto& field : head.fields) {
    if (isFraming(field.kind)) {
      if (keepLength && !lengthWritten && field.kind == FieldKind::kContentLength) {
        unchanged.flush();
        append(out, field.name, field.value.substr(0, field.value.find_first_of(", ")));
        lengthWritten = true;
      }
    } else if (how.sticky != nullptr && field.kind == FieldKind::kSetCookie) {
      unchanged.flush();
      append(out, field.name, setCookieForClient(field.value, *how.sticky, how.stickyId, named));
    } else if ((head.status == 101 && field.kind == FieldKind::kUpgrade) || !isOfHop(field, head)) {
      unchanged.add(field);
    }
  }
  unchanged.flush();
  if (!how.newCookie.empty()) {
    append(out, "Set-Cookie", how.newCookie);
    append(out, "Cache-Control", "private");  // a cache must not give one client's cookie to another
  }
  if (head.status == 101) {
    append(out, "Connection", "upgrade");
  } else if (head.status >= 200) {
    if (how.body == http::BodyKind::kLength) {
      appendLength(out, how.length);
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
  return head.minorVersion >= 1 && framing.kind == http::BodyKind::kNone && head.connection.upgrade &&
         !http::findField(head.fields, FieldKind::kUpgrade).value_or("").empty() &&
         !http::listsElement(head.fields, FieldKind::kUpgrade, "h2c");
}

std::string ownResponse(int status, std::string_view text, bool keepAlive, int clientMinorVersion, bool withBody,
                        std::string_view location) {
  const std::string_view connection = !keepAlive                ? "Connection: close\r\n"
                                      : clientMinorVersion == 0 ? "Connection: keep-alive\r\n"
                                                                : "";
  const std::string body =
      std::to_string(status) + " " + std::string(http::reasonOf(status)) + ": " + std::string(text) + "\n";
  std::string out = "HTTP/1.1 " + std::to_string(status) + " " + std::string(http::reasonOf(status)) +
                    "\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n" +
                    (location.empty() ? "" : "Location: " + std::string(location) + "\r\n") + std::string(connection) +
                    "\r\n";
  return withBody ? out + body : out;
}

}  // namespace vpclab::lb
