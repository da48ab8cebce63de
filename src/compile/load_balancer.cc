#include "compile/nouns.h"

namespace vpclab::compile {

using namespace vpclab::state;

namespace {

// Before the main table (32766), whose default is the first EIP's.
constexpr std::uint32_t kFirstSourceRule = 2000;

state::Backend backendOf(Builder& builder, const lab::Backend& backend) {
  state::Backend out;
  if (backend.server.empty()) {
    out.address = backend.address.value_or(net::IpAddr());
    out.name = out.address.toString();
  } else {
    out.name = backend.server;
    if (const auto address = addressOf(builder, backend.server)) {
      out.address = *address;
    } else {
      builder.error(backend.pos, "backend " + backend.server + " has no address");
    }
  }
  out.port = backend.port;
  out.weight = backend.weight;
  out.disabled = backend.disabled;
  out.backup = backend.backup;
  out.maxConnections = backend.maxConnections;
  return out;
}

std::vector<state::Backend> backendsOf(Builder& builder, const std::vector<lab::Backend>& backends) {
  std::vector<state::Backend> out;
  for (const auto& backend : backends) {
    out.push_back(backendOf(builder, backend));
  }
  return out;
}

state::Balance balanceOf(lab::Balance balance) {
  switch (balance) {
    case lab::Balance::kLeastConnections:
      return state::Balance::kLeastConnections;
    case lab::Balance::kSource:
      return state::Balance::kSource;
    case lab::Balance::kRoundRobin:
      break;
  }
  return state::Balance::kRoundRobin;
}

state::StickyCookie stickyOf(const lab::StickyCookie& sticky) {
  switch (sticky.mode) {
    case lab::Stickiness::kInsert:
      return {state::Stickiness::kInsert, sticky.cookie, sticky.timeout};
    case lab::Stickiness::kPrefix:
      return {state::Stickiness::kPrefix, sticky.cookie, sticky.timeout};
    case lab::Stickiness::kRewrite:
      return {state::Stickiness::kRewrite, sticky.cookie, sticky.timeout};
    case lab::Stickiness::kOff:
      break;
  }
  return {};
}

state::ForwardRule ruleOf(const lab::ForwardRule& rule) {
  state::ForwardRule out;
  out.host = rule.host;
  out.path = rule.path;
  out.pathPrefix = rule.pathPrefix;
  out.headerName = rule.headerName;
  out.headerValue = rule.headerValue;
  out.source = rule.source;
  out.pool = rule.pool;
  out.redirect = {rule.redirect.status, rule.redirect.location, rule.redirect.isPrefix};
  return out;
}

state::HealthCheck checkOf(const lab::HealthCheck& check) {
  return {check.http ? HealthCheckKind::kHttp : HealthCheckKind::kTcp,
          check.path,
          check.host,
          check.interval,
          check.timeout,
          check.fall,
          check.rise,
          check.passive};
}

state::Listener listenerOf(Builder& builder, const std::string& netns, const lab::Listener& listener) {
  state::Listener out;
  out.name = listener.id;
  out.protocol = listener.protocol == lab::Protocol::kHttp ? ListenerProtocol::kHttp : ListenerProtocol::kTcp;
  out.listen = {netns, net::IpAddr(), listener.port};
  out.balance = balanceOf(listener.balance);
  out.healthCheck = checkOf(listener.healthCheck);
  out.sticky = stickyOf(listener.sticky);
  out.connectTimeout = listener.connectTimeout;
  out.headerTimeout = listener.headerTimeout;
  out.idleTimeout = listener.idleTimeout;
  out.tunnelTimeout = listener.tunnelTimeout;
  out.queueTimeout = listener.queueTimeout;
  out.maxConnections = listener.maxConnections;
  out.maxHeaderBytes = listener.headerSize;
  out.forwardedFor = listener.forwardedFor;
  out.forwardedProto = listener.forwardedProto;
  out.forwardedId = listener.forwardedId;
  out.forwardedAddress = listener.forwardedAddress;
  out.via = listener.via;
  out.backends = backendsOf(builder, listener.backends);
  for (const auto& pool : listener.pools) {
    out.pools.push_back({pool.id, balanceOf(pool.balance), backendsOf(builder, pool.backends)});
  }
  for (const auto& rule : listener.rules) {
    out.rules.push_back(ruleOf(rule));
  }
  return out;
}

// Where the file gives what the fields of a listener come from, by the names of plan/fields.h.
void placeFields(const lab::Lab& lab, const std::string& balancer, const lab::Listener& listener, Origin& origin) {
  const std::string field = "listener " + listener.id;
  origin.parts.emplace_back(field, listener.pos);
  for (const auto& [name, key] :
       {std::pair("protocol", "protocol"), std::pair("port", "port"), std::pair("balance", "balance"),
        std::pair("health check", "health_check"), std::pair("idle timeout", "idle_timeout"),
        std::pair("header size", "header_size"), std::pair("X-Forwarded-For", "forwarded_for"),
        std::pair("X-Forwarded-Proto", "forwarded_proto")}) {
    if (const auto pos = lab.places.at(balancer + "/" + listener.id, key)) {
      origin.parts.emplace_back(field + " " + name, *pos);
    }
  }
  for (const auto& backend : listener.backends) {
    const std::string name = backend.server.empty() ? backend.address->toString() : backend.server;
    origin.parts.emplace_back(field + " backend " + name, backend.pos);
  }
}

// The first EIP's leg carries the default route; each further one answers for itself only.
void compileEips(Builder& builder, const lab::LoadBalancer& balancer, const std::string& noun) {
  bool first = true;
  for (std::size_t i = 0; i < balancer.eips.size(); ++i) {
    const std::string& id = balancer.eips[i];
    const Origin origin{noun, builder.lab().placeOf(balancer, "eips/" + std::to_string(i))};
    const auto eip = builder.lab().eips.find(id);
    const std::string name = eipInterface(builder, id);
    if (eip == builder.lab().eips.end()) {
      continue;
    }
    compileEipLeg(builder, eip->second, balancer.id);
    if (name.empty()) {
      continue;
    }
    const std::uint32_t table = first ? kMainTable : eipTable(builder, id);
    builder.add(Route{balancer.id, table, net::Prefix(), 0, RouteType::kUnicast, internetAddress(), true, name,
                      eip->second.address},
                origin);
    if (!first) {
      builder.add(Rule{balancer.id, kFirstSourceRule + table - kFirstEipTable, "", 0,
                       net::Prefix::host(eip->second.address), table},
                  origin);
    }
    first = false;
  }
}

}  // namespace

// A load balancer sits in its vxnet without a way out of it by .1: only the routes of the table bound to it lead on.
void compileLoadBalancer(Builder& builder, const lab::LoadBalancer& balancer) {
  const Origin origin{"load balancer " + balancer.id, balancer.pos};
  const lab::Vxnet& vxnet = builder.lab().vxnets.at(balancer.vxnet);
  const auto address = addressOf(builder, balancer.id);
  builder.node({balancer.id, balancer.title, "load-balancer", regionOf(builder.lab(), vxnet), {}}, Role::kHost, origin);
  if (!address) {
    builder.error(balancer.pos, "load balancer " + balancer.id + " has no address: none was allocated");
    return;
  }
  Leg leg{balancer.id, "eth0"};
  leg.address = net::Prefix(*address, vxnet.cidr.length());
  leg.addressPos = builder.lab().placeOf(balancer, balancer.address ? "address" : "vxnet");
  const std::string device = plug(builder, vxnet, leg, {origin.noun, builder.lab().placeOf(balancer, "vxnet")});
  compileRouteTable(builder, balancer.routeTable, balancer.id, device, vxnet);
  compileEips(builder, balancer, origin.noun);
  state::LoadBalancer spec{balancer.id, {}};
  Origin parts = origin;
  for (const auto& listener : balancer.listeners) {
    spec.listeners.push_back(listenerOf(builder, balancer.id, listener));
    placeFields(builder.lab(), balancer.id, listener, parts);
  }
  builder.add(Process{balancer.id, "lb", std::move(spec)}, parts);
}

}  // namespace vpclab::compile
