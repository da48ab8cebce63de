#include "lab/backends.h"

#include <set>

#include "lab/addressing.h"
#include "lab/object.h"

namespace vpclab::lab {
namespace {

void checkBackendAddress(Context& context, const Object& object, net::IpAddr address) {
  const std::string reserved = reservedAs(net::Prefix::host(address));
  if (!reserved.empty()) {
    context.report.error(object.pos("address"), address.toString() + " cannot be a backend: it is " + reserved);
  }
}

void parseBackend(Context& context, std::vector<Backend>& backends, const Value& item) {
  const Object object(context, item, kBackendShape);
  Backend backend;
  backend.server = object.reference("server", {Kind::kServer});
  backend.address = object.address("address");
  backend.port = static_cast<std::uint16_t>(object.integer("port", 0));
  backend.weight = static_cast<std::uint32_t>(object.integer("weight", backend.weight));
  backend.disabled = object.flag("disabled", false);
  backend.backup = object.flag("backup", false);
  backend.maxConnections = static_cast<std::uint32_t>(object.integer("max_connections", 0));
  backend.pos = item.pos;
  if (item.isMap() && object.has("server") == object.has("address")) {
    // A key that is there and was refused has been told.
    bool told = false;
    for (const Entry& entry : item.entries) {
      told = told || ((entry.key == "server" || entry.key == "address") && !object.has(entry.key));
    }
    if (object.has("server")) {
      context.report.error(object.keyPos("address"), "a backend with `server` and `address`", "one of them");
    } else if (!told) {
      context.report.error(item.pos, "a backend needs `server` or `address`");
    }
    return;
  }
  if (backend.address) {
    checkBackendAddress(context, object, *backend.address);
  }
  if (backend.port != 0 && (backend.address || !backend.server.empty())) {
    backends.push_back(std::move(backend));
  }
}

void checkTwins(Context& context, const std::vector<Backend>& backends, const std::string& owner) {
  std::set<std::pair<std::string, std::uint16_t>> seen;
  for (const Backend& backend : backends) {
    std::string target = backend.address ? backend.address->toString() : "";
    if (!backend.server.empty()) {
      const auto address = context.lab.servers.at(backend.server).address;
      target = address ? address->toString() : backend.server;
    }
    if (!seen.emplace(target, backend.port).second) {
      context.report.error(backend.pos,
                           owner + " has the backend " + target + " port " + std::to_string(backend.port) + " twice",
                           "for more of the traffic give it a `weight`");
    }
  }
}

}  // namespace

std::vector<Backend> parseBackends(Context& context, const std::vector<ValuePtr>& items, const std::string& owner) {
  std::vector<Backend> backends;
  for (const ValuePtr& item : items) {
    parseBackend(context, backends, *item);
  }
  checkTwins(context, backends, owner);
  return backends;
}

}  // namespace vpclab::lab
