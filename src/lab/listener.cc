#include "lab/listener.h"

#include <algorithm>

#include "lab/backends.h"
#include "lab/forward_rule.h"
#include "lab/object.h"
#include "lab/scalars.h"
#include "lab/token.h"

namespace vpclab::lab {
namespace {

constexpr std::size_t kMaxListenerBackends = 100;
constexpr std::size_t kMaxPools = 20;

Balance balanceOf(const std::string& word) {
  return word == "leastconn" ? Balance::kLeastConnections : word == "source" ? Balance::kSource : Balance::kRoundRobin;
}

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
  check.passive = object.flag("passive", check.passive);
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

StickyCookie parseStickiness(Context& context, const Value& value) {
  const Object object(context, value, kStickinessShape);
  StickyCookie sticky;
  const std::string mode = object.text("mode");
  sticky.mode = mode == "insert"    ? Stickiness::kInsert
                : mode == "prefix"  ? Stickiness::kPrefix
                : mode == "rewrite" ? Stickiness::kRewrite
                                    : Stickiness::kOff;
  sticky.cookie = object.text("cookie", sticky.cookie);
  sticky.timeout = std::chrono::duration_cast<std::chrono::seconds>(object.duration("timeout", sticky.timeout));
  if (!isToken(sticky.cookie)) {
    context.report.error(object.pos("cookie"), quote(sticky.cookie) + " is not the name of a cookie",
                         "letters, digits, - and _, as in SERVERID");
  }
  if (sticky.mode == Stickiness::kPrefix || sticky.mode == Stickiness::kRewrite) {
    if (!object.has("cookie")) {
      context.report.error(object.pos(), "`mode: " + mode + "` needs the key `cookie`",
                           "the name of a cookie that the backends set");
    }
    if (object.has("timeout")) {
      context.report.error(object.keyPos("timeout"), "`timeout` has no effect with `mode: " + mode + "`",
                           "the backends say how long their cookie lives; it is for `mode: insert`");
    }
  }
  return sticky;
}

void parsePool(Context& context, Listener& listener, const Entry& entry) {
  const Object object(context, *entry.value, kPoolShape);
  Pool pool{entry.key, entry.pos, balanceOf(object.text("balance")),
            parseBackends(context, object.list("backends"), "pool " + quote(entry.key))};
  if (entry.key == "default") {
    context.report.error(entry.pos, "\"default\" is what the listener's own `backends` are called",
                         "give the pool another id");
  } else if (!isSlug(entry.key) || entry.key.size() > kMaxId) {
    context.report.error(entry.pos, quote(entry.key) + " is not an id: lower case letters, digits and - within");
  } else {
    listener.pools.push_back(std::move(pool));
  }
}

void parsePools(Context& context, Listener& listener, const Object& object) {
  for (const Entry& entry : object.map("pools")) {
    parsePool(context, listener, entry);
  }
  std::sort(listener.pools.begin(), listener.pools.end(), [](const Pool& a, const Pool& b) { return a.id < b.id; });
  if (listener.pools.size() > kMaxPools) {
    context.report.error(object.pos("pools"), "listener " + quote(listener.id) + " has too many pools",
                         "at most " + std::to_string(kMaxPools));
  }
}

void checkHttpOnly(Context& context, const Object& object) {
  for (const std::string_view key : {"header_size", "header_timeout", "tunnel_timeout", "stickiness", "forwarded_for",
                                     "forwarded_proto", "forwarded_id", "forwarded_address", "via"}) {
    if (object.has(key)) {
      context.report.error(object.keyPos(key), "`" + std::string(key) + "` has no effect on a tcp listener",
                           "it is for `protocol: http`");
    }
  }
}

}  // namespace

Listener parseListener(Context& context, const std::string& balancer, const Entry& entry) {
  Listener listener;
  listener.id = entry.key;
  listener.pos = entry.pos;
  if (!isSlug(entry.key) || entry.key.size() > kMaxId) {
    context.report.error(entry.pos, quote(entry.key) + " is not an id: lower case letters, digits and - within");
  }
  const Object object(context, *entry.value, kListenerShape, balancer + "/" + entry.key);
  listener.title = object.text("title", listener.id);
  listener.protocol = object.text("protocol") == "tcp" ? Protocol::kTcp : Protocol::kHttp;
  listener.port = static_cast<std::uint16_t>(object.integer("port", 0));
  listener.balance = balanceOf(object.text("balance"));
  if (const Value* check = object.get("health_check")) {
    listener.healthCheck = parseHealthCheck(context, *check);
  }
  if (const Value* sticky = object.get("stickiness")) {
    listener.sticky = parseStickiness(context, *sticky);
  }
  listener.connectTimeout = object.duration("connect_timeout", listener.connectTimeout);
  listener.headerTimeout = object.duration("header_timeout", listener.headerTimeout);
  listener.idleTimeout = object.duration("idle_timeout", listener.idleTimeout);
  listener.tunnelTimeout = object.duration("tunnel_timeout", listener.tunnelTimeout);
  listener.queueTimeout = object.duration("queue_timeout", listener.queueTimeout);
  listener.maxConnections = static_cast<std::uint32_t>(object.integer("max_connections", 0));
  listener.headerSize = object.size("header_size", listener.headerSize);
  listener.forwardedFor = object.flag("forwarded_for", listener.forwardedFor);
  listener.forwardedProto = object.flag("forwarded_proto", listener.forwardedProto);
  listener.forwardedId = object.flag("forwarded_id", listener.forwardedId);
  listener.forwardedAddress = object.flag("forwarded_address", listener.forwardedAddress);
  listener.via = object.flag("via", listener.via);
  if (listener.protocol == Protocol::kTcp) {
    checkHttpOnly(context, object);
  }
  listener.backends = parseBackends(context, object.list("backends"), "listener " + quote(listener.id));
  parsePools(context, listener, object);
  parseForwardRules(context, listener, object.list("rules"));
  if (const auto count = listener.backendCount(); count > kMaxListenerBackends) {
    context.report.error(object.pos(object.has("pools") ? "pools" : "backends"),
                         "listener " + quote(listener.id) + " has " + std::to_string(count) + " backends",
                         "at most " + std::to_string(kMaxListenerBackends));
  }
  return listener;
}

}  // namespace vpclab::lab
