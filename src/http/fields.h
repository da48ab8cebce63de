#pragma once

#include <optional>
#include <string_view>

#include "http/chars.h"
#include "http/head.h"

namespace vpclab::http {

// The first field of that name (any case), or of that kind.
std::optional<std::string_view> findField(const Fields& fields, std::string_view name);
std::optional<std::string_view> findField(const Fields& fields, FieldKind kind);

// Calls `visit(element)` for every element of a comma-separated list, without whitespace, empty ones left out
// (RFC 9110 section 5.6.1). Not for values with quoted strings.
template <class Visit>
void forEachElement(std::string_view value, Visit visit) {
  while (!value.empty()) {
    const auto comma = value.find(',');
    const auto element = trimmed(value.substr(0, comma));
    if (!element.empty()) {
      visit(element);
    }
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
}

// Does any field of that kind list the element (any case)?
bool listsElement(const Fields& fields, FieldKind kind, std::string_view element);

// Does the connection stay open behind this message? RFC 9112 section 9.3.
template <class Head>
bool keepsAlive(const Head& head) {
  return !head.connection.close && (head.minorVersion >= 1 || head.connection.keepAlive);
}

// Fields that belong to one hop and are not forwarded, unless Connection names more: RFC 9110 section 7.6.1. Framing
// fields (Transfer-Encoding, Content-Length) are the forwarder's own to write and not part of this.
bool isHopByHop(FieldKind kind);

// Fields that mean nothing in a trailer, or harm: framing, routing, and what decides about them; RFC 9110
// section 6.5.1.
bool isForbiddenTrailer(std::string_view name);

// GET, HEAD, OPTIONS, TRACE, PUT, DELETE: RFC 9110 section 9.2.2.
bool isIdempotent(std::string_view method);

}  // namespace vpclab::http
