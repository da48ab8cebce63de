#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/head.h"
#include "net/ip.h"
#include "state/process.h"

namespace vpclab::lb {

// What rules look at. Of a TCP connection only the client is known.
struct Asked {
  std::string_view host;  // without port
  std::string_view path;  // without query, as it was sent
  const http::Fields* fields = nullptr;
  net::IpAddr client;
};

Asked askedOf(const http::RequestHead& head, const net::IpAddr& client);

// The first rule all of whose conditions are met; null: the default pool gets it.
const state::ForwardRule* firstThatFits(const std::vector<state::ForwardRule>& rules, const Asked& asked);

// The Location of a redirect: the prefix with the request's path and query behind it, or what was given.
std::string locationOf(const state::Redirect& redirect, const http::RequestHead& head);

}  // namespace vpclab::lb
