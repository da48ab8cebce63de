#include "http/target.h"

#include "base/text.h"
#include "http/chars.h"
#include "net/ip.h"

namespace vpclab::http {

bool isAuthority(std::string_view text) {
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) {
      return false;
    }
    const auto literal = net::IpAddr::parse(text.substr(1, close - 1));
    if (!literal || literal->isV4()) {
      return false;
    }
    port = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    const auto host = text.substr(0, colon);
    if (host.empty() || !allOf(host, kHost)) {
      return false;
    }
    port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  // RFC 3986 section 3.2.3: the port may be empty behind its colon.
  return port.empty() || port == ":" || (port.front() == ':' && base::parseInteger(port.substr(1), 0, 65535));
}

Parsed<Target> parseTarget(std::string_view method, std::string_view target) {
  if (target.empty() || !allOf(target, kTarget)) {
    return refuse(400, "malformed request target");
  }
  if (method == "CONNECT") {
    if (!isAuthority(target)) {
      return refuse(400, "CONNECT needs host:port");
    }
    return Target{TargetForm::kAuthority, target, {}};
  }
  if (target.front() == '/') {
    return Target{TargetForm::kOrigin, {}, target};
  }
  if (target == "*") {
    if (method != "OPTIONS") {
      return refuse(400, "the target * is for OPTIONS only");
    }
    return Target{TargetForm::kAsterisk, {}, target};
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() && equalsIgnoringCase(target.substr(0, scheme.size()), scheme)) {
      const auto rest = target.substr(scheme.size());
      const auto end = rest.find_first_of("/?");
      const auto authority = rest.substr(0, end);
      if (!isAuthority(authority)) {
        return refuse(400, "malformed authority in the request target");
      }
      return Target{TargetForm::kAbsolute, authority,
                    end == std::string_view::npos ? std::string_view{} : rest.substr(end)};
    }
  }
  return refuse(400, "malformed request target");
}

}  // namespace vpclab::http
