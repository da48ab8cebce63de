#include "worker/status_json.h"

#include <nlohmann/json.hpp>

#include "worker/page_site.h"

namespace vpclab::worker {

using Json = nlohmann::json;

namespace {

// {"2xx": 12, ...}, what there is none of left out.
Json codesToJson(const std::array<std::uint64_t, 6>& codes) {
  Json out = Json::object();
  for (std::size_t i = 1; i < codes.size(); ++i) {
    if (codes[i] > 0) {
      out[std::to_string(i) + "xx"] = codes[i];
    }
  }
  return out;
}

Json backendToJson(const lb::BackendStatus& backend) {
  const lb::BackendCounters& counters = backend.counters;
  return {{"pool", backend.pool},
          {"name", backend.name},
          {"address", backend.address},
          {"port", backend.port},
          {"state", backend.state},
          {"reason", backend.reason},
          {"checks", backend.checks},
          {"sinceMs", backend.sinceMs},
          {"active", backend.active},
          {"requests", counters.requests},
          {"answered", counters.answered},
          {"connects", counters.connects},
          {"failed", counters.failed},
          {"bytesIn", counters.bytesIn},
          {"bytesOut", counters.bytesOut},
          {"connectMs", counters.connectMs},
          {"responseMs", counters.responseMs},
          {"queuedMs", counters.queuedMs},
          {"codes", codesToJson(counters.codes)}};
}

Json listenerToJson(const lb::ListenerStatus& listener) {
  Json backends = Json::array();
  for (const auto& backend : listener.backends) {
    backends.push_back(backendToJson(backend));
  }
  Json pools = Json::array();
  for (const auto& pool : listener.pools) {
    pools.push_back({{"name", pool.name}, {"queued", pool.queued}, {"longestQueue", pool.longestQueue}});
  }
  Json flips = Json::array();
  for (const auto& flip : listener.flips) {
    flips.push_back({{"unixMs", flip.unixMs},
                     {"pool", flip.pool},
                     {"backend", flip.backend},
                     {"state", flip.up ? "up" : "down"},
                     {"reason", flip.reason}});
  }
  const lb::ListenerCounters& counters = listener.counters;
  return {{"name", listener.name},
          {"open", listener.open},
          {"connections", counters.connections},
          {"requests", counters.requests},
          {"refused", counters.refused},
          {"redirected", counters.redirected},
          {"retries", counters.retries},
          {"bytesIn", counters.bytesIn},
          {"bytesOut", counters.bytesOut},
          {"totalMs", counters.totalMs},
          {"codes", codesToJson(counters.codes)},
          {"pools", std::move(pools)},
          {"backends", std::move(backends)},
          {"flips", std::move(flips)}};
}

Json logToJson(const PageSiteRuntime& site) {
  Json out = Json::array();
  for (const auto& entry : site.log()) {
    out.push_back({{"seq", entry.seq},
                   {"unixMs", entry.unixMs},
                   {"client", entry.client},
                   {"method", entry.method},
                   {"target", entry.target},
                   {"status", entry.status},
                   {"bytes", entry.bytes},
                   {"requestId", entry.requestId},
                   {"userAgent", entry.userAgent},
                   {"forwardedFor", entry.forwardedFor}});
  }
  return out;
}

Json requestIdsToJson(const PageSiteRuntime& site, std::string_view prefix) {
  Json out = Json::array();
  for (const auto& id : site.requestIds()) {
    if (id.starts_with(prefix)) {
      out.push_back({{"requestId", id}});
    }
  }
  return out;
}

}  // namespace

Json statusToJson(const std::vector<lb::ListenerStatus>& listeners) {
  Json out = Json::array();
  for (const auto& listener : listeners) {
    out.push_back(listenerToJson(listener));
  }
  return {{"kind", "loadBalancer"}, {"listeners", std::move(out)}};
}

Json statusToJson(const PageServer& pages, std::optional<std::string_view> requestIds) {
  Json out = Json::array();
  for (const auto& [listen, site] : pages.sites()) {
    Json log = requestIds ? requestIdsToJson(*site, *requestIds) : logToJson(*site);
    out.push_back({{"node", site->site()->node},
                   {"netns", listen.netns},
                   {"address", listen.address.toString()},
                   {"port", listen.port},
                   {"requests", site->requests()},
                   {"log", std::move(log)}});
  }
  return {{"kind", "pages"}, {"sites", std::move(out)}};
}

}  // namespace vpclab::worker
