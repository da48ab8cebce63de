#include "unit/lab/sources.h"

#include <sstream>

#include "base/file.h"

namespace vpclab::test {

base::Result<std::string> DirectorySource::read(const std::string& path, std::size_t maxBytes) {
  return base::readFile(root_ + "/" + path, maxBytes);
}

lab::Loaded loadText(const std::string& yaml, std::map<std::string, std::string> others) {
  others["lab.yaml"] = yaml;
  lab::BundleSource source(std::move(others));
  return lab::load("lab.yaml", source);
}

std::string textOf(const base::Diagnostics& diagnostics) {
  std::string out;
  for (const auto& diagnostic : diagnostics) {
    out += diagnostic.toString() + "\n";
  }
  return out;
}

namespace {

std::string text(const std::optional<net::IpAddr>& address) {
  return address ? address->toString() : "-";
}

std::string text(const lab::Impairment& line) {
  return std::to_string(line.rate) + "/" + std::to_string(line.delay) + "/" + std::to_string(line.jitter) + "/" +
         std::to_string(line.lossPerMillion);
}

std::string text(const std::optional<lab::Range>& range) {
  return range ? std::to_string(range->min) + ".." + std::to_string(range->max) : "-";
}

void dumpDomain(std::ostream& out, const lab::Domain& domain) {
  out << "  domain " << domain.id;
  for (const auto& join : domain.joins) {
    out << " " << join.vxnet << "@" << join.address.toString();
  }
  for (const auto& route : domain.routes) {
    out << " [" << route.name << " " << route.to.toString() << " " << route.via.toString() << "]";
  }
  out << "\n";
}

void dumpBackends(std::ostream& out, const std::vector<lab::Backend>& backends) {
  for (const auto& backend : backends) {
    out << "    " << backend.server << " " << text(backend.address) << " " << backend.port << " " << backend.weight
        << " " << backend.disabled << backend.backup << " " << backend.maxConnections << "\n";
  }
}

void dumpListener(std::ostream& out, const lab::Listener& listener) {
  const auto& check = listener.healthCheck;
  out << "  listener " << listener.id << " " << listener.title << " " << int(listener.protocol) << " " << listener.port
      << " " << int(listener.balance) << " " << check.http << check.path << check.host << " " << check.interval.count()
      << " " << check.timeout.count() << " " << check.fall << " " << check.rise << " " << listener.idleTimeout.count()
      << " " << listener.headerSize << " " << listener.forwardedFor << listener.forwardedProto << listener.forwardedId
      << listener.forwardedAddress << listener.via << " " << int(listener.sticky.mode) << listener.sticky.cookie
      << listener.sticky.timeout.count() << " " << listener.connectTimeout.count() << " "
      << listener.headerTimeout.count() << " " << listener.tunnelTimeout.count() << " " << listener.queueTimeout.count()
      << " " << listener.maxConnections << " " << check.passive << "\n";
  dumpBackends(out, listener.backends);
  for (const auto& pool : listener.pools) {
    out << "   pool " << pool.id << " " << int(pool.balance) << "\n";
    dumpBackends(out, pool.backends);
  }
  for (const auto& rule : listener.rules) {
    out << "   rule " << rule.host << " " << rule.path << " " << rule.pathPrefix << " " << rule.headerName << ":"
        << rule.headerValue << " " << (rule.source ? rule.source->toString() : "") << " " << rule.pool << " "
        << rule.redirect.status << rule.redirect.location << rule.redirect.isPrefix << "\n";
  }
}

struct DumpCheck {
  std::ostream& out;

  static std::string text(const lab::Endpoint& end) { return end.node + "/" + test::text(end.address); }
  void operator()(const lab::PingCheck& check) const {
    out << "ping " << text(check.from) << " " << text(check.to) << " " << check.reachable << check.within.count() << " "
        << check.times << " " << test::text(check.rtt) << " " << test::text(check.loss);
  }
  void operator()(const lab::ThroughputCheck& check) const {
    out << "throughput " << text(check.from) << " " << text(check.to) << " " << test::text(check.rate) << " "
        << check.time.count() << " " << check.within.count();
  }
  void operator()(const lab::LossCheck& check) const {
    out << "loss " << text(check.from) << " " << text(check.to) << " " << test::text(check.loss) << " " << check.packets
        << " " << check.within.count();
  }
  void operator()(const lab::TunnelCheck& check) const {
    out << "tunnel " << check.accessPoint << " " << check.to << " " << check.handshake.count() << " "
        << check.within.count();
  }
  void operator()(const lab::PathCheck& check) const {
    out << "path " << text(check.from) << " " << text(check.to) << " " << check.within.count();
    for (const auto& hop : check.through) {
      out << " " << hop;
    }
  }
  void operator()(const lab::BackendCheck& check) const {
    out << "backend " << check.loadBalancer << " " << check.listener << " " << check.server << " "
        << test::text(check.address) << " " << check.state << " " << check.reason << check.within.count();
  }
  void operator()(const lab::HttpCheck& check) const {
    out << "http " << text(check.from) << " " << check.url << " " << check.times << " " << int(check.connections) << " "
        << check.reachable << " " << check.status.value_or(0) << " " << check.page << check.within.count();
    for (const auto& server : check.rotation) {
      out << " " << server;
    }
    for (const auto& [server, count] : check.share) {
      out << " " << server << "=" << count;
    }
  }
};

void dumpServer(std::ostream& out, const lab::Server& server) {
  out << "server " << server.id << " " << server.title << " " << server.vxnet << " " << text(server.address) << " "
      << server.eip << " " << server.documentRoot << " " << text(server.line);
  if (server.http) {
    out << " " << server.http->port << " " << server.http->contentType << " " << server.http->body;
  }
  for (const auto& argument : server.run) {
    out << " " << argument;
  }
  for (const auto& [path, content] : server.files) {
    out << " " << path << "=" << content;
  }
  out << "\n";
}

void dumpNetworks(std::ostream& out, const lab::Lab& lab) {
  for (const auto& [id, region] : lab.regions) {
    out << "region " << id << " " << region.title << "\n";
  }
  for (const auto& [id, vpc] : lab.vpcs) {
    out << "vpc " << id << " " << vpc.title << " " << vpc.region << " " << vpc.cidr.toString() << "\n";
    for (const auto& policy : vpc.routePolicies) {
      out << "  policy " << policy.name << " " << policy.to.toString() << " " << policy.via << "\n";
    }
  }
  for (const auto& [id, vxnet] : lab.vxnets) {
    out << "vxnet " << id << " " << vxnet.title << " " << vxnet.vpc << " " << vxnet.cidr.toString() << " "
        << vxnet.routeTable << "\n";
  }
  for (const auto& [id, router] : lab.borderRouters) {
    out << "router " << id << " " << router.title << " " << router.region << "\n";
    for (const auto& domain : router.domains) {
      dumpDomain(out, domain);
    }
  }
  for (const auto& [id, wan] : lab.sdwans) {
    out << "sdwan " << id << " " << wan.title << "\n";
    for (const auto& point : wan.accessPoints) {
      out << "  point " << point.id << " " << point.title << " " << point.region << " " << point.borderRouter << " "
          << point.domain << " " << text(point.line) << "\n";
    }
  }
}

}  // namespace

std::string dump(const lab::Lab& lab) {
  std::ostringstream out;
  out << "lab " << lab.name << " " << lab.title << " " << lab.section << "\n";
  dumpNetworks(out, lab);
  for (const auto& [id, server] : lab.servers) {
    dumpServer(out, server);
  }
  for (const auto& [id, eip] : lab.eips) {
    out << "eip " << id << " " << eip.title << " " << eip.region << " " << eip.address.toString() << " "
        << text(eip.line) << "\n";
  }
  for (const auto& [id, balancer] : lab.loadBalancers) {
    out << "lb " << id << " " << balancer.title << " " << balancer.vxnet << " " << text(balancer.address) << " "
        << balancer.routeTable;
    for (const auto& eip : balancer.eips) {
      out << " " << eip;
    }
    out << "\n";
    for (const auto& listener : balancer.listeners) {
      dumpListener(out, listener);
    }
  }
  for (const auto& [id, table] : lab.routeTables) {
    out << "table " << id << " " << table.title << " " << int(table.usedBy) << "\n";
    for (const auto& route : table.routes) {
      out << "  route " << route.name << " " << route.to.toString() << " " << text(route.viaAddress) << " "
          << route.viaBorderRouter << " " << route.disabled << "\n";
    }
  }
  for (const auto& check : lab.checks) {
    out << "check " << check.title << " ";
    std::visit(DumpCheck{out}, check.what);
    out << "\n";
  }
  return out.str();
}

}  // namespace vpclab::test
