#include "lab/listener.h"

#include <set>

#include "lab/addressing.h"
#include "lab/object.h"
#include "lab/scalars.h"

namespace vpclab::lab {
namespace {

constexpr std::size_t kMaxListenerBackends = 100;

HealthCheck parseHealthCheck(Context& context, const Value& value) {
  const Object object(context, value, kHealthCheckShape);
  HealthCheck check;
  check.http = object.text("type") == "http";
  check.path = object.text("path", check.path);
  check.host = object.text("host");
  check.interval = object.duration("interval", check.interval);
  check.timeout = object.duration("timeout", check.timeout);
  check.fall = static_cast<std::uint32_t>(object.integer("fall", check.fall));
  check.rise = static_cast<std::uint32_t>(object.integer("rise", check.rise));
  for (const std::string_view key : {"path", "host"}) {
    if (object.has(key) && !check.http) {
      context.report.error(object.keyPos(key), "`" + std::string(key) + "` has no effect on a tcp health check",
                           "add `type: http`");
    }
  }
  if (check.http && (check.path.front() != '/' || check.path.find(' ') != std::string::npos)) {
    context.report.error(object.pos("path"), quote(check.path) + " is not a path",
                         "it begins with / and has no spaces");
  }
  if (check.host.find_first_of(" /") != std::string::npos) {
    context.report.error(object.pos("host"), quote(check.host) + " is not a host name");
  }
  return check;
}

void checkBackendAddress(Context& context, const Object& object, net::IpAddr address) {
  const std::string reserved = reservedAs(net::Prefix::host(address));
  if (!reserved.empty()) {
    context.report.error(object.pos("address"), address.toString() + " cannot be a backend: it is " + reserved);
  }
}

void parseBackend(Context& context, Listener& listener, const Value& item) {
  const Object object(context, item, kBackendShape);
  Backend backend;
  backend.server = object.reference("server", {Kind::kServer});
  backend.address = object.address("address");
  backend.port = static_cast<std::uint16_t>(object.integer("port", 0));
  backend.weight = static_cast<std::uint32_t>(object.integer("weight", backend.weight));
  backend.disabled = object.flag("disabled", false);
  backend.backup = object.flag("backup", false);
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
    listener.backends.push_back(std::move(backend));
  }
}

void checkTwins(Context& context, const Listener& listener) {
  std::set<std::pair<std::string, std::uint16_t>> seen;
  for (const Backend& backend : listener.backends) {
    std::string target = backend.address ? backend.address->toString() : "";
    if (!backend.server.empty()) {
      const auto address = context.lab.servers.at(backend.server).address;
      target = address ? address->toString() : backend.server;
    }
    if (!seen.emplace(target, backend.port).second) {
      context.report.error(backend.pos,
                           "listener " + quote(listener.id) + " has the backend " + target + " port " +
                               std::to_string(backend.port) + " twice",
                           "for more of the traffic give it a `weight`");
    }
  }
}

void checkHttpOnly(Context& context, const Object& object) {
  for (const std::string_view key : {"header_size", "forwarded_for", "forwarded_proto"}) {
    if (object.has(key)) {
      context.report.error(object.keyPos(key), "`" + std::string(key) + "` has no effect on a tcp listener",
                           "it is for `protocol: http`");
    }
  }
}

}  // namespace

Listener parseListener(Context& context, const Entry& entry) {
  Listener listener;
  listener.id = entry.key;
  listener.pos = entry.pos;
  if (!isSlug(entry.key) || entry.key.size() > kMaxId) {
    context.report.error(entry.pos, quote(entry.key) + " is not an id: lower case letters, digits and - within");
  }
  const Object object(context, *entry.value, kListenerShape);
  listener.title = object.text("title", listener.id);
  listener.protocol = object.text("protocol") == "tcp" ? Protocol::kTcp : Protocol::kHttp;
  listener.port = static_cast<std::uint16_t>(object.integer("port", 0));
  const std::string balance = object.text("balance");
  listener.balance = balance == "leastconn" ? Balance::kLeastConnections
                     : balance == "source"  ? Balance::kSource
                                            : Balance::kRoundRobin;
  if (const Value* check = object.get("health_check")) {
    listener.healthCheck = parseHealthCheck(context, *check);
  }
  listener.idleTimeout = object.duration("idle_timeout", listener.idleTimeout);
  listener.headerSize = object.size("header_size", listener.headerSize);
  listener.forwardedFor = object.flag("forwarded_for", listener.forwardedFor);
  listener.forwardedProto = object.flag("forwarded_proto", listener.forwardedProto);
  if (listener.protocol == Protocol::kTcp) {
    checkHttpOnly(context, object);
  }
  for (const ValuePtr& item : object.list("backends")) {
    parseBackend(context, listener, *item);
  }
  if (listener.backends.size() > kMaxListenerBackends) {
    context.report.error(
        object.pos("backends"),
        "listener " + quote(listener.id) + " has " + std::to_string(listener.backends.size()) + " backends",
        "at most " + std::to_string(kMaxListenerBackends));
  }
  checkTwins(context, listener);
  return listener;
}

}  // namespace vpclab::lab
