#include "state/listener_json.h"

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "state/json_reader.h"

namespace vpclab::state {

using Json = nlohmann::json;

namespace {

using base::Result;

constexpr Names<ListenerProtocol, 2> kProtocols{{{ListenerProtocol::kHttp, "http"}, {ListenerProtocol::kTcp, "tcp"}}};
constexpr Names<Balance, 3> kBalances{
    {{Balance::kRoundRobin, "roundrobin"}, {Balance::kLeastConnections, "leastconn"}, {Balance::kSource, "source"}}};
constexpr Names<HealthCheckKind, 2> kCheckKinds{{{HealthCheckKind::kTcp, "tcp"}, {HealthCheckKind::kHttp, "http"}}};

constexpr Names<Stickiness, 4> kStickinesses{{{Stickiness::kOff, "off"},
                                              {Stickiness::kInsert, "insert"},
                                              {Stickiness::kPrefix, "prefix"},
                                              {Stickiness::kRewrite, "rewrite"}}};

Json toJson(const Backend& backend) {
  return {{"name", backend.name},
          {"address", backend.address.toString()},
          {"port", backend.port},
          {"weight", backend.weight},
          {"disabled", backend.disabled},
          {"backup", backend.backup},
          {"maxConnections", backend.maxConnections}};
}
Result<Backend> decodeBackend(const Json& json, const std::string& where) {
  Reader in(json, where);
  Backend out;
  out.name = in.text("name");
  out.address = in.address("address");
  out.port = static_cast<std::uint16_t>(in.number("port", 1, 65535));
  out.weight = static_cast<std::uint32_t>(in.number("weight", 0, 100));
  out.disabled = in.flag("disabled");
  out.backup = in.flag("backup");
  out.maxConnections = in.count("maxConnections");
  return in.finish(std::move(out));
}

Json toJson(const HealthCheck& check) {
  return {{"kind", wordFor(check.kind, kCheckKinds)},
          {"path", check.path},
          {"host", check.host},
          {"intervalMs", check.interval.count()},
          {"timeoutMs", check.timeout.count()},
          {"fall", check.fall},
          {"rise", check.rise},
          {"passive", check.passive}};
}
Result<HealthCheck> decodeCheck(const Json& json, const std::string& where) {
  Reader in(json, where);
  HealthCheck out;
  out.kind = in.word("kind", kCheckKinds);
  out.path = in.text("path");
  out.host = in.text("host");
  out.interval = in.span("intervalMs");
  out.timeout = in.span("timeoutMs");
  out.fall = static_cast<std::uint32_t>(in.number("fall", 1, 1000));
  out.rise = static_cast<std::uint32_t>(in.number("rise", 1, 1000));
  out.passive = in.flag("passive");
  return in.finish(std::move(out));
}

Json toJson(const StickyCookie& sticky) {
  return {{"mode", wordFor(sticky.mode, kStickinesses)},
          {"cookie", sticky.name},
          {"timeoutSeconds", sticky.timeout.count()}};
}
Result<StickyCookie> decodeSticky(const Json& json, const std::string& where) {
  Reader in(json, where);
  StickyCookie out;
  out.mode = in.word("mode", kStickinesses);
  out.name = in.text("cookie");
  out.timeout = std::chrono::seconds(in.number("timeoutSeconds", 0, std::int64_t{366} * 24 * 3600));
  return in.finish(std::move(out));
}

template <class Item>
Json listToJson(const std::vector<Item>& items, Json (*encode)(const Item&)) {
  Json out = Json::array();
  for (const auto& item : items) {
    out.push_back(encode(item));
  }
  return out;
}

Json toJson(const Pool& pool) {
  return {{"name", pool.name},
          {"balance", wordFor(pool.balance, kBalances)},
          {"backends", listToJson(pool.backends, toJson)}};
}
Result<Pool> decodePool(const Json& json, const std::string& where) {
  Reader in(json, where);
  Pool out;
  out.name = in.text("name");
  out.balance = in.word("balance", kBalances);
  out.backends = in.list("backends", decodeBackend);
  return in.finish(std::move(out));
}

Json toJson(const Redirect& redirect) {
  return {{"status", redirect.status}, {"location", redirect.location}, {"isPrefix", redirect.isPrefix}};
}
Result<Redirect> decodeRedirect(const Json& json, const std::string& where) {
  Reader in(json, where);
  Redirect out;
  out.status = static_cast<int>(in.number("status", 0, 399));
  out.location = in.text("location");
  out.isPrefix = in.flag("isPrefix");
  return in.finish(std::move(out));
}

Json toJson(const ForwardRule& rule) {
  return {{"host", rule.host},
          {"path", rule.path},
          {"pathPrefix", rule.pathPrefix},
          {"headerName", rule.headerName},
          {"headerValue", rule.headerValue},
          {"source", rule.source ? rule.source->toString() : ""},
          {"pool", rule.pool},
          {"redirect", toJson(rule.redirect)}};
}
Result<ForwardRule> decodeRule(const Json& json, const std::string& where) {
  Reader in(json, where);
  ForwardRule out;
  out.host = in.text("host");
  out.path = in.text("path");
  out.pathPrefix = in.text("pathPrefix");
  out.headerName = in.text("headerName");
  out.headerValue = in.text("headerValue");
  out.source = in.prefix("source");
  out.pool = in.text("pool");
  out.redirect = in.object("redirect", decodeRedirect);
  return in.finish(std::move(out));
}

}  // namespace

Json listenToJson(const ListenAddress& listen) {
  return {{"netns", listen.netns}, {"address", listen.address.toString()}, {"port", listen.port}};
}
base::Result<ListenAddress> decodeListen(const Json& json, const std::string& where) {
  Reader in(json, where);
  ListenAddress out{in.text("netns"), in.address("address"), static_cast<std::uint16_t>(in.number("port", 0, 65535))};
  return in.finish(std::move(out));
}

Json listenerToJson(const Listener& listener) {
  return {{"name", listener.name},
          {"protocol", wordFor(listener.protocol, kProtocols)},
          {"listen", listenToJson(listener.listen)},
          {"balance", wordFor(listener.balance, kBalances)},
          {"healthCheck", toJson(listener.healthCheck)},
          {"backends", listToJson(listener.backends, toJson)},
          {"pools", listToJson(listener.pools, toJson)},
          {"rules", listToJson(listener.rules, toJson)},
          {"sticky", toJson(listener.sticky)},
          {"connectTimeoutMs", listener.connectTimeout.count()},
          {"headerTimeoutMs", listener.headerTimeout.count()},
          {"idleTimeoutMs", listener.idleTimeout.count()},
          {"tunnelTimeoutMs", listener.tunnelTimeout.count()},
          {"queueTimeoutMs", listener.queueTimeout.count()},
          {"maxConnections", listener.maxConnections},
          {"maxHeaderBytes", listener.maxHeaderBytes},
          {"forwardedFor", listener.forwardedFor},
          {"forwardedProto", listener.forwardedProto},
          {"forwardedId", listener.forwardedId},
          {"forwardedAddress", listener.forwardedAddress},
          {"via", listener.via}};
}
base::Result<Listener> decodeListener(const Json& json, const std::string& where) {
  Reader in(json, where);
  Listener out;
  out.name = in.text("name");
  out.protocol = in.word("protocol", kProtocols);
  out.listen = in.object("listen", decodeListen);
  out.balance = in.word("balance", kBalances);
  out.healthCheck = in.object("healthCheck", decodeCheck);
  out.backends = in.list("backends", decodeBackend);
  out.pools = in.list("pools", decodePool);
  out.rules = in.list("rules", decodeRule);
  out.sticky = in.object("sticky", decodeSticky);
  out.connectTimeout = in.span("connectTimeoutMs");
  out.headerTimeout = in.span("headerTimeoutMs");
  out.idleTimeout = in.span("idleTimeoutMs");
  out.tunnelTimeout = in.span("tunnelTimeoutMs");
  out.queueTimeout = in.span("queueTimeoutMs");
  out.maxConnections = in.count("maxConnections");
  out.maxHeaderBytes = static_cast<std::uint32_t>(in.number("maxHeaderBytes", 1024, 127 * 1024));
  out.forwardedFor = in.flag("forwardedFor");
  out.forwardedProto = in.flag("forwardedProto");
  out.forwardedId = in.flag("forwardedId");
  out.forwardedAddress = in.flag("forwardedAddress");
  out.via = in.flag("via");
  return in.finish(std::move(out));
}

}  // namespace vpclab::state
