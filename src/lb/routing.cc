#include "lb/routing.h"

#include <algorithm>

#include "http/fields.h"

namespace vpclab::lb {

namespace {

std::string_view withoutPort(std::string_view authority) {
  const auto close = authority.rfind(']');
  const auto colon = authority.find(':', close == std::string_view::npos ? 0 : close);
  return authority.substr(0, colon);
}

bool hostFits(std::string_view wanted, std::string_view host) {
  if (host.ends_with('.')) {
    host.remove_suffix(1);  // the same name, written as an absolute one
  }
  if (wanted.starts_with("*.")) {
    const auto below = wanted.substr(1);
    return host.size() > below.size() && http::equalsIgnoringCase(host.substr(host.size() - below.size()), below);
  }
  return http::equalsIgnoringCase(host, wanted);
}

// "/api" fits "/api" and "/api/x", not "/apix".
bool prefixFits(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) &&
         (prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool headerFits(const state::ForwardRule& rule, const http::Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), [&](const http::Field& field) {
    return http::equalsIgnoringCase(field.name, rule.headerName) &&
           (rule.headerValue.empty() || field.value == rule.headerValue);
  });
}

bool fits(const state::ForwardRule& rule, const Asked& asked) {
  return (rule.host.empty() || hostFits(rule.host, asked.host)) && (rule.path.empty() || rule.path == asked.path) &&
         (rule.pathPrefix.empty() || prefixFits(rule.pathPrefix, asked.path)) &&
         (!rule.source || rule.source->contains(asked.client)) &&
         (rule.headerName.empty() || (asked.fields != nullptr && headerFits(rule, *asked.fields)));
}

}  // namespace

Asked askedOf(const http::RequestHead& head, const net::IpAddr& client) {
  Asked asked;
  asked.fields = &head.fields;
  asked.client = client;
  if (head.parts.form == http::TargetForm::kAbsolute) {
    asked.host = withoutPort(head.parts.authority);  // RFC 9112 section 3.2.2: Host is not looked at
  } else {
    asked.host = withoutPort(http::findField(head.fields, http::FieldKind::kHost).value_or(""));
  }
  asked.path = head.parts.path.substr(0, head.parts.path.find('?'));
  if (asked.path.empty()) {
    asked.path = "/";
  }
  return asked;
}

const state::ForwardRule* firstThatFits(const std::vector<state::ForwardRule>& rules, const Asked& asked) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const auto& rule) { return fits(rule, asked); });
  return found == rules.end() ? nullptr : &*found;
}

std::string locationOf(const state::Redirect& redirect, const http::RequestHead& head) {
  if (!redirect.isPrefix) {
    return redirect.location;
  }
  const auto path = head.parts.path;
  return redirect.location + (path.starts_with('/') ? "" : "/") + std::string(path == "*" ? "" : path);
}

}  // namespace vpclab::lb
