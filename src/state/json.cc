#include "state/json.h"

#include <array>

#include <nlohmann/json.hpp>

#include "state/listener_json.h"

namespace vpclab::state {

namespace {

using Json = nlohmann::json;

template <class T>
Json optionalText(const std::optional<T>& value) {
  return value ? Json(value->toString()) : Json(nullptr);
}

// The names of members as answers have them, where what the lab's own processes tell each other has them otherwise:
// that has to be understood by those of another release.
Json inAnswersSpelling(const Json& value) {
  if (!value.is_structured()) {
    return value;
  }
  Json out = value.is_array() ? Json::array() : Json::object();
  for (const auto& [name, member] : value.items()) {
    if (value.is_array()) {
      out.push_back(inAnswersSpelling(member));
    } else {
      std::string spelled;
      for (const char c : name) {
        const bool capital = c >= 'A' && c <= 'Z';
        spelled += capital ? "_" : "";
        spelled += static_cast<char>(capital ? c - 'A' + 'a' : c);
      }
      out[spelled] = inAnswersSpelling(member);
    }
  }
  return out;
}

struct ToJson {
  Json operator()(const Netns& o) const {
    return {{"name", o.name},
            {"local_rule_priority", o.localRulePriority},
            {"loopback_up", o.loopbackUp},
            {"loopback_routed", o.loopbackRouted},
            {"loopback_address", o.loopbackAddress},
            {"main_rule", o.mainRule}};
  }
  Json operator()(const Sysctls& o) const {
    Json parameters = Json::object();
    for (const Parameter& parameter : o.parameters) {
      parameters[parameter.path.str()] = parameter.value;
    }
    return {{"netns", o.netns}, {"link", o.link}, {"parameters", std::move(parameters)}};
  }
  Json operator()(const Bridge& o) const {
    return {{"netns", o.netns}, {"name", o.name}, {"mac", o.mac.toString()}, {"mtu", o.mtu}, {"up", o.up}};
  }
  Json operator()(const Vrf& o) const {
    return {{"netns", o.netns}, {"name", o.name}, {"table", o.table}, {"up", o.up}};
  }
  static Json end(const VethEnd& o) {
    return {{"netns", o.netns}, {"name", o.name}, {"mac", o.mac.toString()},
            {"mtu", o.mtu},     {"up", o.up},     {"master", o.master}};
  }
  Json operator()(const Veth& o) const { return {{"a", end(o.a)}, {"b", end(o.b)}}; }
  Json operator()(const WgDevice& o) const {
    Json peers = Json::object();
    for (const auto& [key, peer] : *o.peers) {
      Json allowed = Json::array();
      for (const auto& prefix : peer.allowedIps) {
        allowed.push_back(prefix.toString());
      }
      peers[key.toBase64()] = {{"endpoint_address", optionalText(peer.endpointAddress)},
                               {"endpoint_port", peer.endpointPort},
                               {"allowed_ips", std::move(allowed)},
                               {"keepalive_seconds", peer.keepaliveSeconds}};
    }
    return {{"netns", o.netns},
            {"name", o.name},
            {"socket_netns", o.socketNetns},
            {"implementation", o.implementation == TunnelImplementation::kKernel ? "kernel" : "wireguard-go"},
            {"mtu", o.mtu},
            {"up", o.up},
            {"master", o.master},
            {"listen_port", o.listenPort},
            {"public_key", o.publicKey->toBase64()},
            {"peers", std::move(peers)}};
  }
  Json operator()(const Address& o) const {
    return {
        {"netns", o.netns},
        {"link", o.link},
        {"prefix", o.prefix.toString()},
        {"no_prefix_route", o.noPrefixRoute},
        {"peer", optionalText(o.peer)},
        {"secondary", o.secondary},
        {"lost_routes", {{"local", o.lost.local}, {"broadcast", o.lost.broadcast}, {"connected", o.lost.connected}}}};
  }
  Json operator()(const Rule& o) const {
    return {{"netns", o.netns}, {"priority", o.priority}, {"incoming_interface", o.incomingInterface},
            {"mark", o.mark},   {"table", o.table},       {"source", optionalText(o.source)}};
  }
  Json operator()(const Route& o) const {
    static constexpr std::array<const char*, 4> kTypes = {"unicast", "local", "unreachable", "blackhole"};
    return {{"netns", o.netns},
            {"table", o.table},
            {"destination", o.destination.toString()},
            {"metric", o.metric},
            {"type", kTypes.at(static_cast<std::size_t>(o.type))},
            {"gateway", optionalText(o.gateway)},
            {"onlink", o.onlink},
            {"device", o.device},
            {"preferred_source", optionalText(o.preferredSource)}};
  }
  Json operator()(const Neighbours& o) const {
    Json entries = Json::object();
    for (const auto& [address, mac] : o.entries) {
      entries[address.toString()] = mac.toString();
    }
    return {{"netns", o.netns}, {"link", o.link}, {"entries", std::move(entries)}};
  }
  Json operator()(const Qdisc& o) const {
    return {{"netns", o.netns},
            {"link", o.link},
            {"rate_bits_per_second", o.rateBitsPerSecond},
            {"delay_microseconds", o.delayMicroseconds},
            {"jitter_microseconds", o.jitterMicroseconds},
            {"loss_per_million", o.lossPerMillion},
            {"netem_rate_bits_per_second", o.netemRateBitsPerSecond}};
  }
  Json operator()(const NftTable& o) const {
    return {{"netns", o.netns}, {"family", nameOf(o.family)}, {"body", o.body}};
  }
  Json operator()(const Process& o) const {
    Json out = std::visit([](const auto& spec) { return of(spec); }, o.spec);
    out["netns"] = o.netns;
    out["name"] = o.name;
    return out;
  }

  static Json of(const PageServer& o) {
    Json sites = Json::array();
    for (const auto& site : o.sites) {
      sites.push_back({{"node", site.node},
                       {"address", site.listen.address.toString()},
                       {"port", site.listen.port},
                       {"content_type", site.contentType},
                       {"body_bytes", site.body.size()}});
    }
    return {{"program", "pages"}, {"sites", std::move(sites)}};
  }
  static Json of(const Command& o) {
    Json files = Json::array();
    for (const auto& file : o.files) {
      files.push_back({{"path", file.path}, {"bytes", file.content.size()}});
    }
    return {{"program", "command"}, {"argv", o.argv}, {"files", std::move(files)}};
  }
  static Json of(const LoadBalancer& o) {
    Json listeners = Json::array();
    for (const auto& listener : o.listeners) {
      listeners.push_back(of(listener));
    }
    return {{"program", "load-balancer"}, {"id", o.id}, {"listeners", std::move(listeners)}};
  }
  static Json of(const Listener& o) {
    Json out = inAnswersSpelling(listenerToJson(o));
    out.erase("listen");
    out["address"] = o.listen.address.toString();
    out["port"] = o.listen.port;
    return out;
  }
};

}  // namespace

Json toJson(const Key& key) {
  Json out = {{"kind", nameOf(key.kind)}, {"netns", key.netns}, {"name", key.name}};
  if (!key.host.empty()) {
    out["host"] = key.host;
  }
  return out;
}

Json toJson(const Object& object) {
  Json out = std::visit(ToJson{}, object);
  out["kind"] = nameOf(keyOf(object).kind);
  return out;
}

Json toJson(const Origin& origin) {
  if (origin.noun.empty() && origin.pos.file.empty()) {
    return nullptr;
  }
  return {{"noun", origin.noun}, {"file", origin.pos.file}, {"line", origin.pos.line}, {"column", origin.pos.column}};
}

Json toJson(const State& state) {
  Json out = Json::array();
  for (const Entry& entry : state.entries()) {
    out.push_back({{"key", toJson(entry.key())}, {"object", toJson(*entry.object)}, {"origin", toJson(*entry.origin)}});
  }
  return out;
}

}  // namespace vpclab::state
