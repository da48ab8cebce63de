#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.h"
#include "state/process.h"

namespace vpclab::lb {

// Cookies by which a client keeps its backend, as HAProxy's `cookie` has them:
//   insert   the value is ours, "ID" or, with a timeout, "ID.SECONDS" with the time of its last use in hexadecimal.
//            Backends never see it.
//   prefix   a cookie of the backends' own, which goes to the client as "ID~VALUE" and comes back as "VALUE".
//   rewrite  a cookie of the backends' own, whose value is "ID" for the client, and for the backend.

// What a request's cookie says.
struct StickyRequest {
  // As in HAProxy's log: N none, I invalid, D its backend is down, V valid, E expired; '-': no stickiness.
  char flag = '-';
  std::string id;        // of the backend that it asks for; empty: none
  bool refresh = false;  // the time in it should be renewed
};
StickyRequest readSticky(const http::Fields& fields, const state::StickyCookie& cookie, std::int64_t unixSeconds);

// A Cookie field's value as the backend gets it; empty: the field is left out.
std::string cookieForBackend(std::string_view value, const state::StickyCookie& cookie);

// A Set-Cookie field's value of a backend as the client gets it. `touched` becomes true if it was the cookie.
std::string setCookieForClient(std::string_view value, const state::StickyCookie& cookie, std::string_view id,
                               bool& touched);

// The Set-Cookie value that binds a client to the backend.
std::string insertedCookie(const state::StickyCookie& cookie, std::string_view id, std::int64_t unixSeconds);

}  // namespace vpclab::lb
