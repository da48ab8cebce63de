#include "http/framing.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "http/fields.h"

namespace vpclab::http {

namespace {

constexpr std::int64_t kMaxLength = INT64_MAX;

struct Codings {
  bool present = false;
  int chunked = 0;
  bool chunkedLast = false;
  bool other = false;
  bool malformed = false;
};

Codings codingsOf(const Fields& fields) {
  Codings out;
  for (const auto& field : fields) {
    if (field.kind != FieldKind::kTransferEncoding) {
      continue;
    }
    out.present = true;
    // A recipient may overlook empty elements, but no sender may write them (RFC 9110 section 5.6.1), and others do not
    // read "chunked" behind one.
    auto left = std::count(field.value.begin(), field.value.end(), ',') + 1;
    forEachElement(field.value, [&](std::string_view coding) {
      out.chunkedLast = equalsIgnoringCase(coding, "chunked");
      if (out.chunkedLast) {
        ++out.chunked;
      } else {
        out.other = true;
      }
      --left;
    });
    out.malformed = out.malformed || left > 0;
  }
  return out;
}

// RFC 9110 section 8.6: digits only; a list of equal values counts as one.
Parsed<std::optional<std::uint64_t>> contentLengthOf(const Fields& fields) {
  std::optional<std::uint64_t> length;
  for (const auto& field : fields) {
    if (field.kind != FieldKind::kContentLength) {
      continue;
    }
    std::string_view rest = field.value;
    for (bool more = true; more;) {
      const auto comma = rest.find(',');
      const auto digits = trimmed(rest.substr(0, comma));
      const auto value = digits.empty() || digits.front() < '0' || digits.front() > '9'
                             ? std::nullopt
                             : base::parseInteger(digits, 0, kMaxLength);
      if (!value) {
        return refuse(400, "malformed Content-Length");
      }
      if (length && *length != static_cast<std::uint64_t>(*value)) {
        return refuse(400, "different Content-Lengths");
      }
      length = static_cast<std::uint64_t>(*value);
      more = comma != std::string_view::npos;
      rest.remove_prefix(more ? comma + 1 : rest.size());
    }
  }
  return length;
}

Parsed<Framing> framingOfAny(const Fields& fields, int minorVersion, BodyKind otherwise) {
  const auto length = contentLengthOf(fields);
  if (!length) {
    return tl::make_unexpected(length.error());
  }
  const Codings codings = codingsOf(fields);
  if (codings.present) {
    if (minorVersion < 1) {
      return refuse(400, "Transfer-Encoding in HTTP/1.0");  // RFC 9112 section 6.1
    }
    if (*length) {
      return refuse(400, "Transfer-Encoding together with Content-Length");
    }
    if (codings.malformed || codings.chunked > 1 || (codings.chunked == 1 && !codings.chunkedLast) ||
        (codings.chunked == 0 && !codings.other)) {
      return refuse(400, "malformed Transfer-Encoding");
    }
    if (codings.other) {
      return refuse(501, "unknown transfer coding");
    }
    return Framing{BodyKind::kChunked, 0};
  }
  if (*length) {
    return Framing{**length == 0 ? BodyKind::kNone : BodyKind::kLength, **length};
  }
  return Framing{otherwise, 0};
}

}  // namespace

Parsed<Framing> framingOf(const RequestHead& head) {
  return framingOfAny(head.fields, head.minorVersion, BodyKind::kNone);
}

Parsed<Framing> framingOf(const ResponseHead& head, std::string_view method) {
  auto framing = framingOfAny(head.fields, head.minorVersion, BodyKind::kUntilClose);
  if (!framing) {
    return refuse(502, framing.error().reason);
  }
  if (method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304) {
    return Framing{BodyKind::kNone, 0};
  }
  return *framing;
}

}  // namespace vpclab::http
