#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/framing.h"
#include "http/head.h"
#include "state/process.h"

namespace vpclab::lb {

// How a request's head is passed on.
struct RequestRewrite {
  http::Framing framing;
  std::string_view client;           // the client's address, for X-Forwarded-For; empty: that field is left as it is
  std::string_view proto;            // for X-Forwarded-Proto; empty: that field is left as it is
  std::string_view balancerId;       // for QC-LBID; empty: that field is left as it is
  std::string_view balancerAddress;  // for QC-LBIP; empty: that field is left as it is
  std::string_view fallbackHost;     // for an HTTP/1.0 request without Host
  bool via = true;
  std::optional<std::uint32_t> maxForwards;     // what Max-Forwards is to say; nullopt: that field is left as it is
  bool upgrade = false;                         // pass Upgrade on
  const state::StickyCookie* sticky = nullptr;  // whose cookie the backend gets as its own, or not at all
};

// Appends the head to `out`: origin form, Host from an absolute target (RFC 9112 section 3.2.2), fields of this hop
// left out (RFC 9110 section 7.6.1), Via and X-Forwarded-For continued. What a client lists in Connection cannot remove
// the fields that say whom the request is for and where it came from.
void writeRequestHead(const http::RequestHead& head, const RequestRewrite& how, std::string& out);

// How a response's head is passed on.
struct ResponseRewrite {
  http::BodyKind body = http::BodyKind::kNone;  // as it is sent to the client
  std::uint64_t length = 0;                     // of kLength
  std::string_view method;                      // of the request
  int clientMinorVersion = 1;
  bool keepAlive = true;  // the client's connection
  const state::StickyCookie* sticky = nullptr;
  std::string_view stickyId;   // of the backend, for a cookie of its own
  std::string_view newCookie;  // a Set-Cookie value of ours, and Cache-Control: private with it; empty: none
};
// Returns whether a cookie of the backend's own was made to name it.
bool writeResponseHead(const http::ResponseHead& head, const ResponseRewrite& how, std::string& out);

// Does the request ask for another protocol in a way that is passed on? HTTP/1.1, Connection: upgrade, no body, and not
// HTTP/2, which this forwarder could not follow. RFC 9110 section 7.8.
bool asksForUpgrade(const http::RequestHead& head, const http::Framing& framing);

// A whole response of the forwarder's own, "Connection: close" with it if the connection ends, and for a client of
// HTTP/1.0 "keep-alive" if it does not (RFC 9112 appendix C.2.2). `location`: where a redirect leads; empty: none.
std::string ownResponse(int status, std::string_view text, bool keepAlive, int clientMinorVersion, bool withBody,
                        std::string_view location = {});

}  // namespace vpclab::lb
