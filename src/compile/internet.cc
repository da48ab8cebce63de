#include <algorithm>
#include <variant>

#include "compile/nouns.h"

namespace vpclab::compile {

using namespace vpclab::state;

net::IpAddr internetAddress() {
  return net::IpAddr::v4(0xC6336401U);  // 198.51.100.1
}

namespace {

bool names(const lab::Check& check) {
  const auto isInternet = [](const lab::Endpoint& endpoint) { return endpoint.node == "internet"; };
  if (const auto* ping = std::get_if<lab::PingCheck>(&check.what)) {
    return isInternet(ping->from) || isInternet(ping->to);
  }
  if (const auto* path = std::get_if<lab::PathCheck>(&check.what)) {
    return isInternet(path->from) || isInternet(path->to);
  }
  if (const auto* throughput = std::get_if<lab::ThroughputCheck>(&check.what)) {
    return isInternet(throughput->from) || isInternet(throughput->to);
  }
  if (const auto* loss = std::get_if<lab::LossCheck>(&check.what)) {
    return isInternet(loss->from) || isInternet(loss->to);
  }
  const auto* http = std::get_if<lab::HttpCheck>(&check.what);
  return http != nullptr && isInternet(http->from);
}

}  // namespace

std::optional<base::SourcePos> internetAskedAt(const lab::Lab& lab) {
  if (!lab.eips.empty()) {
    return lab.eips.begin()->second.pos;
  }
  const auto asked = std::find_if(lab.checks.begin(), lab.checks.end(), names);
  return asked == lab.checks.end() ? std::nullopt : std::optional(asked->pos);
}

// What lies outside, with a client in it. It knows a route to each EIP that is in use, and to nothing else: what is
// inside a lab cannot be reached from here but by its EIP.
void compileInternet(Builder& builder) {
  const auto asked = internetAskedAt(builder.lab());
  if (!asked) {
    return;
  }
  const Origin origin{"the internet", *asked};
  builder.node({"internet", "internet", "internet", "", {}}, Role::kRouter, origin);
  Leg loopback{"internet", "lo"};
  loopback.address = net::Prefix::host(internetAddress());
  loopback.ported = true;  // the loopback's own parameters matter to nobody
  builder.interface(loopback, "lo", origin);
  builder.add(Route{"internet", kMainTable, net::Prefix(), 0, RouteType::kUnreachable}, origin);
}

}  // namespace vpclab::compile
