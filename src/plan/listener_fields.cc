#include "plan/listener_fields.h"

#include <array>
#include <map>

namespace vpclab::plan {

using namespace state;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::array<const char*, 3> kBalance = {"roundrobin", "leastconn", "source"};
constexpr std::array<const char*, 4> kStickiness = {"off", "insert", "prefix", "rewrite"};

std::string milliseconds(std::chrono::milliseconds span) {
  return std::to_string(span.count()) + "ms";
}
std::string onOff(bool on) {
  return on ? "on" : "off";
}
std::string limit(std::uint32_t count) {
  return count == 0 ? "none" : std::to_string(count);
}

std::string text(const HealthCheck& check) {
  const std::string kind = check.kind == HealthCheckKind::kHttp
                               ? "http " + check.path + " host " + (check.host.empty() ? "none" : check.host)
                               : std::string("tcp");
  return kind + " interval " + milliseconds(check.interval) + " timeout " + milliseconds(check.timeout) + " fall " +
         std::to_string(check.fall) + " rise " + std::to_string(check.rise) + (check.passive ? "" : " not passive");
}

std::string text(const StickyCookie& sticky) {
  return kStickiness.at(static_cast<std::size_t>(sticky.mode)) +
         (sticky.mode == Stickiness::kOff ? "" : " cookie " + sticky.name) +
         (sticky.timeout.count() == 0 ? "" : " timeout " + std::to_string(sticky.timeout.count()) + "s");
}

std::string text(const Backend& backend) {
  return backend.address.toString() + ":" + std::to_string(backend.port) + " weight " + std::to_string(backend.weight) +
         (backend.disabled ? " disabled" : "") + (backend.backup ? " backup" : "") +
         (backend.maxConnections == 0 ? "" : " max-connections " + std::to_string(backend.maxConnections));
}

std::string text(const ForwardRule& rule) {
  std::string out;
  for (const auto& [word, value] :
       {std::pair("host ", rule.host), std::pair("path ", rule.path), std::pair("path-prefix ", rule.pathPrefix),
        std::pair("header ", rule.headerName)}) {
    out += value.empty() ? "" : word + value + " ";
  }
  out += rule.headerValue.empty() ? "" : "value " + rule.headerValue + " ";
  out += rule.source ? "source " + rule.source->toString() + " " : "";
  if (rule.redirect.status != 0) {
    return out + "-> " + std::to_string(rule.redirect.status) + " " + rule.redirect.location +
           (rule.redirect.isPrefix ? "..." : "");
  }
  return out + "-> " + (rule.pool.empty() ? "default" : rule.pool);
}

// One server may stand in a pool on several ports: its later entries are numbered.
void addBackends(Fields& out, const std::string& prefix, const std::vector<Backend>& backends) {
  std::map<std::string, int> seen;
  for (const auto& backend : backends) {
    const int number = ++seen[backend.name];
    out.emplace_back(prefix + "backend " + backend.name + (number > 1 ? " #" + std::to_string(number) : ""),
                     text(backend));
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> listenerFields(const Listener& listener) {
  Fields out{
      {"protocol", listener.protocol == ListenerProtocol::kHttp ? "http" : "tcp"},
      {"port", std::to_string(listener.listen.port)},
      {"address", listener.listen.netns + " " + listener.listen.address.toString()},
      {"balance", kBalance.at(static_cast<std::size_t>(listener.balance))},
      {"health check", text(listener.healthCheck)},
      {"stickiness", text(listener.sticky)},
      {"connect timeout", milliseconds(listener.connectTimeout)},
      {"header timeout", milliseconds(listener.headerTimeout)},
      {"idle timeout", milliseconds(listener.idleTimeout)},
      {"tunnel timeout", milliseconds(listener.tunnelTimeout)},
      {"queue timeout", milliseconds(listener.queueTimeout)},
      {"max connections", limit(listener.maxConnections)},
      {"header size", std::to_string(listener.maxHeaderBytes)},
      {"X-Forwarded-For", onOff(listener.forwardedFor)},
      {"X-Forwarded-Proto", onOff(listener.forwardedProto)},
      {"QC-LBID", onOff(listener.forwardedId)},
      {"QC-LBIP", onOff(listener.forwardedAddress)},
      {"Via", onOff(listener.via)},
  };
  addBackends(out, "", listener.backends);
  for (const auto& pool : listener.pools) {
    out.emplace_back("pool " + pool.name + " balance", kBalance.at(static_cast<std::size_t>(pool.balance)));
    addBackends(out, "pool " + pool.name + " ", pool.backends);
  }
  int number = 0;
  for (const auto& rule : listener.rules) {
    out.emplace_back("rule " + std::to_string(++number), text(rule));
  }
  return out;
}

}  // namespace vpclab::plan
