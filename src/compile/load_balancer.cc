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
  return out;
}

state::Listener listenerOf(Builder& builder, const std::string& netns, const lab::Listener& listener) {
  state::Listener out;
  out.name = listener.id;
  out.protocol = listener.protocol == lab::Protocol::kHttp ? ListenerProtocol::kHttp : ListenerProtocol::kTcp;
  out.listen = {netns, net::IpAddr(), listener.port};
  switch (listener.balance) {
    case lab::Balance::kRoundRobin:
      out.balance = state::Balance::kRoundRobin;
      break;
    case lab::Balance::kLeastConnections:
      out.balance = state::Balance::kLeastConnections;
      break;
    case lab::Balance::kSource:
      out.balance = state::Balance::kSource;
      break;
  }
  const lab::HealthCheck& check = listener.healthCheck;
  out.healthCheck = {check.http ? HealthCheckKind::kHttp : HealthCheckKind::kTcp,
                     check.path,
                     check.host,
                     check.interval,
                     check.timeout,
                     check.fall,
                     check.rise};
  out.idleTimeout = listener.idleTimeout;
  out.maxHeaderBytes = listener.headerSize;
  out.forwardedFor = listener.forwardedFor;
  out.forwardedProto = listener.forwardedProto;
  for (const auto& backend : listener.backends) {
    out.backends.push_back(backendOf(builder, backend));
  }
  return out;
}

// The first EIP's leg carries the default route; each further one answers for itself only.
void compileEips(Builder& builder, const lab::LoadBalancer& balancer, const Origin& origin) {
  bool first = true;
  for (const auto& id : balancer.eips) {
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
  const std::string device = plug(builder, vxnet, leg, origin);
  compileRouteTable(builder, balancer.routeTable, balancer.id, device, vxnet);
  compileEips(builder, balancer, origin);
  state::LoadBalancer spec{balancer.id, {}};
  for (const auto& listener : balancer.listeners) {
    spec.listeners.push_back(listenerOf(builder, balancer.id, listener));
  }
  builder.add(Process{balancer.id, "lb", std::move(spec)}, origin);
}

}  // namespace vpclab::compile
