#include "compile/nouns.h"
#include "lab/addressing.h"

namespace vpclab::compile {

using namespace vpclab::state;

std::optional<net::IpAddr> addressOf(const Builder& builder, const std::string& id) {
  const auto it = builder.allocations().addresses.find(id);
  return it == builder.allocations().addresses.end() ? std::nullopt : std::optional(it->second);
}

namespace {

// What runs on the server: the command that the lab names, with the page where the command looks for it; or our page
// server, which serves all servers of the lab.
void compileService(Builder& builder, const lab::Server& server, const Origin& origin) {
  if (!server.run.empty()) {
    Command command{server.run, {}};
    if (server.http) {
      command.files.push_back({server.documentRoot + "/index.html", server.http->body});
    }
    for (const auto& [path, content] : server.files) {
      command.files.push_back({path, content});
    }
    Origin here = origin;
    here.pos = builder.lab().placeOf(server, "run");
    here.parts.emplace_back("file ", builder.lab().placeOf(server, "files"));
    if (server.http) {
      here.parts.emplace_back("file " + server.documentRoot + "/index.html", server.http->pos);
    }
    builder.add(Process{server.id, "run", std::move(command)}, here);
  } else if (server.http) {
    builder.page(
        {server.id, {server.id, net::IpAddr(), server.http->port}, server.http->contentType, server.http->body},
        server.http->pos);
  }
}

}  // namespace

void compileServer(Builder& builder, const lab::Server& server) {
  const Origin origin{"server " + server.id, server.pos};
  const lab::Vxnet& vxnet = builder.lab().vxnets.at(server.vxnet);
  const auto address = addressOf(builder, server.id);
  builder.node({server.id, server.title, "server", regionOf(builder.lab(), vxnet), {}}, Role::kHost, origin);
  if (!address) {
    builder.error(server.pos, "server " + server.id + " has no address: none was allocated");
    return;
  }
  Leg leg{server.id, "eth0"};
  leg.address = net::Prefix(*address, vxnet.cidr.length());
  leg.addressPos = builder.lab().placeOf(server, server.address ? "address" : "vxnet");
  const Origin here{origin.noun, builder.lab().placeOf(server, "vxnet")};
  const std::string device = plug(builder, vxnet, leg, here, server.line);
  if (!compileRouteTable(builder, vxnet.routeTable, server.id, device, vxnet)) {
    builder.add(Route{server.id, kMainTable, net::Prefix(), 0, RouteType::kUnicast, lab::gatewayOf(vxnet.cidr), false,
                      device, std::nullopt},
                here);
  }
  compileService(builder, server, origin);
}

}  // namespace vpclab::compile
