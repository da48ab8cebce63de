#include "daemon/check_specs.h"

#include <algorithm>

#include "base/text.h"
#include "check/job.h"
#include "compile/lines.h"
#include "daemon/check_places.h"

namespace vpclab::daemon {

static_assert(lab::kMaxHttpTimes == check::kMaxRequests, "what a lab file may ask for, the prober does");

namespace {

class Translation {
 public:
  explicit Translation(const Desired& desired) : lab_(desired.lab), places_(desired) {}

  check::PingSpec operator()(const lab::PingCheck& ping) const {
    return {places_.vantage(ping.from.node),
            places_.target(ping.from.node, ping.to),
            ping.reachable,
            ping.times,
            rangeOf(ping.rtt),
            rangeOf(ping.loss)};
  }

  check::ThroughputSpec operator()(const lab::ThroughputCheck& stream) const {
    return {places_.vantage(stream.from.node), places_.target(stream.from.node, stream.to), stream.to.node,
            *rangeOf(stream.rate), stream.time};
  }

  check::LossSpec operator()(const lab::LossCheck& loss) const {
    return {places_.vantage(loss.from.node), places_.target(loss.from.node, loss.to), loss.to.node, *rangeOf(loss.loss),
            loss.packets};
  }

  check::TunnelSpec operator()(const lab::TunnelCheck& tunnel) const {
    check::TunnelSpec out{tunnel.accessPoint, places_.titleOf(tunnel.accessPoint), {}, tunnel.handshake};
    for (const auto& [id, wan] : lab_.sdwans) {
      const auto& points = wan.accessPoints;
      if (std::none_of(points.begin(), points.end(), [&](const auto& one) { return one.id == tunnel.accessPoint; })) {
        continue;
      }
      for (const auto& point : points) {
        if (point.id != tunnel.accessPoint && (tunnel.to.empty() || point.id == tunnel.to)) {
          out.peers.emplace_back(point.id, point.title);
        }
      }
    }
    return out;
  }

  check::PathSpec operator()(const lab::PathCheck& path) const {
    check::PathSpec out{places_.vantage(path.from.node), places_.target(path.from.node, path.to), {}, {}};
    const auto way = places_.way(path.from.node, out.to.address);
    out.through = places_.hops(path.through, way);
    out.way = places_.hops(way, way);
    return out;
  }

  check::BackendSpec operator()(const lab::BackendCheck& backend) const {
    check::BackendSpec out;
    out.loadBalancer = backend.loadBalancer;
    out.loadBalancerTitle = places_.titleOf(backend.loadBalancer);
    out.listener = backend.listener;
    out.backend = backend.address ? backend.address->toString() : backend.server;
    out.backendTitle = backend.address ? out.backend : places_.titleOf(backend.server);
    out.state = backend.state;
    out.reason = backend.reason;
    out.standIn = places_.standIn(backend.loadBalancer, backend.server);
    return out;
  }

  check::HttpSpec operator()(const lab::HttpCheck& http) const;

 private:
  static std::optional<check::Range> rangeOf(const std::optional<lab::Range>& range) {
    return range ? std::optional(check::Range{range->min, range->max, range->text, range->openAbove}) : std::nullopt;
  }
  std::map<std::string, check::PageSpec> pages() const;

  const lab::Lab& lab_;
  CheckPlaces places_;
};

std::map<std::string, check::PageSpec> Translation::pages() const {
  std::map<std::string, check::PageSpec> out;
  for (const auto& [id, server] : lab_.servers) {
    if (server.http) {
      out[id] = {server.title, server.http->body, server.run.empty()};
    }
  }
  return out;
}

check::Connections connectionsOf(lab::Connections connections) {
  switch (connections) {
    case lab::Connections::kKeepAlive:
      return check::Connections::kKeepAlive;
    case lab::Connections::kParallel:
      return check::Connections::kParallel;
    case lab::Connections::kNew:
      break;
  }
  return check::Connections::kNew;
}

// lab/http_check.cc has refused every URL but http://ADDRESS[:PORT][/...].
check::HttpSpec Translation::operator()(const lab::HttpCheck& http) const {
  check::HttpSpec out;
  std::string_view rest = http.url;
  rest.remove_prefix(std::min(rest.size(), std::string_view("http://").size()));
  const auto slash = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, slash);
  out.path = slash == std::string_view::npos ? std::string("/") : std::string(rest.substr(slash));
  if (out.path.front() == '?') {
    out.path.insert(0, "/");
  }
  const auto colon = authority.find(':');
  if (colon != std::string_view::npos) {
    out.port = static_cast<std::uint16_t>(base::parseInteger(authority.substr(colon + 1), 1, 65535).value_or(80));
  }
  const auto address = net::IpAddr::parse(authority.substr(0, colon)).value_or(net::IpAddr());
  out.from = places_.vantage(http.from.node);
  out.to = places_.target(http.from.node, {"", address}, out.port);
  out.url = http.url;
  out.hostHeader = address.toString() + (out.port == 80 ? std::string() : ":" + std::to_string(out.port));
  out.times = http.times;
  out.connections = connectionsOf(http.connections);
  out.reachable = http.reachable;
  out.status = http.status;
  out.pages = pages();
  out.page = http.page;
  out.rotation = http.rotation;
  out.share = http.share;
  if (out.to.alive && lab_.loadBalancers.count(out.to.alive->node) != 0) {
    out.serialGroup = out.to.alive->node;
  }
  return out;
}

}  // namespace

std::vector<check::CheckSpec> checkSpecs(const Desired& desired, const state::State& observed) {
  if (desired.lab.checks.empty()) {
    return {};
  }
  const Translation translation(desired);
  const auto roundTrip = compile::linesOf(desired.lab, observed).roundTrip;
  std::vector<check::CheckSpec> out;
  for (const auto& check : desired.lab.checks) {
    check::CheckSpec spec;
    spec.title = check.title;
    spec.pos = check.pos;
    spec.roundTrip = roundTrip;
    std::visit(
        [&](const auto& what) {
          spec.within = what.within;
          spec.what = translation(what);
        },
        check.what);
    out.push_back(std::move(spec));
  }
  return out;
}

}  // namespace vpclab::daemon
